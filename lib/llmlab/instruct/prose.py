"""Continuation: from the paragraphs before to the next ones."""

from collections.abc import Iterator

from llmlab.artifacts.documents import Document
from llmlab.instruct.base import Instruction, instruction, size

_QUESTIONS = {"chinese": "请接着往下写：\n\n{text}"}
_QUESTION = "Go on from here:\n\n{text}"
# Less is a heading, a date, a signature or a shout: nothing follows from it, and it follows from nothing.
_LEAST = 90
_ENDS = tuple(".!?;:。！？；：…\"'”’」』)）~—")


def continuations(document: Document, most: int, most_characters: int) -> Iterator[Instruction]:
    """Examples of at most `most` bytes, one after the other: no paragraph is an answer twice.

    The question is as much of what comes before as fits into a third of them, the answer as many paragraphs as make
    it worth asking; neither is longer than `most_characters`.
    """
    paragraphs = [part.strip() for part in document.text.split("\n\n") if part.strip()]
    least = min(_LEAST, most_characters // 6)
    place = 1
    while place < len(paragraphs):
        before = _before(paragraphs[:place], most // 3, most_characters)
        stop = place + 1
        while stop < len(paragraphs) and size("\n\n".join(paragraphs[place:stop])) < least:
            stop += 1
        after = "\n\n".join(paragraphs[place:stop])
        question = _QUESTIONS.get(document.lang, _QUESTION).format(text=before)
        fits = size(question, after) <= most and len(after) <= most_characters
        if fits and min(size(before), size(after)) >= max(least, 1) and after.endswith(_ENDS):
            yield instruction(document.lang, "continuation", document.id, question, after)
        place = stop


def _before(paragraphs: list[str], most: int, most_characters: int) -> str:
    """The last paragraphs that fit; nothing when the last alone does not."""
    start = len(paragraphs)
    text = ""
    while start:
        longer = "\n\n".join(paragraphs[start - 1 :])
        if size(longer) > most or len(longer) > most_characters:
            break
        start, text = start - 1, longer
    return text
