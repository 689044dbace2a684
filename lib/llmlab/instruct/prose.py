"""Continuation: from one paragraph of prose to the next."""

from collections.abc import Iterator
from itertools import pairwise

from llmlab.artifacts.documents import Document
from llmlab.instruct.base import Instruction, instruction

_QUESTIONS = {"chinese": "请接着往下写：\n\n{text}"}
_QUESTION = "Go on from here:\n\n{text}"


def continuations(document: Document, most_characters: int) -> Iterator[Instruction]:
    """One example per pair of neighbouring paragraphs that are both short enough."""
    paragraphs = [part.strip() for part in document.text.split("\n\n") if part.strip()]
    for before, after in pairwise(paragraphs):
        if len(before) <= most_characters and len(after) <= most_characters:
            question = _QUESTIONS.get(document.lang, _QUESTION).format(text=before)
            yield instruction(document.lang, "continuation", document.id, question, after)
