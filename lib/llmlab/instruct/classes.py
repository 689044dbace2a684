"""Class generation: from header, comment and selectors to methods; and classes to read, part by part."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from llmlab.instruct.asking import WRITE, Asker
from llmlab.instruct.base import Instruction, from_messages, instruction, size
from llmlab.instruct.material import is_test_class
from llmlab.smalltalk.lexer import quoted
from llmlab.smalltalk.parser import parse_method
from llmlab.smalltalk.records import ClassRecord, MethodRecord
from llmlab.smalltalk.rendering import render_header, render_method
from llmlab.smalltalk.tonel import Parse
from llmlab.tokenizer.chat import DOCUMENT

# What the question's own words may take beside header, comment and selectors.
_WORDS = 60


def generations(
    record: ClassRecord, document: str, asker: Asker, most: int, most_characters: int, parse: Parse = parse_method
) -> Iterator[Instruction]:
    """One example for a commented class: as many of its first methods as fit into `most` bytes with the question.

    Classes of tests are left out, since a comment does not say what they check.
    """
    comment = _short(record.comment, most // 3)
    if not comment or is_test_class(record):
        return
    head = f"{render_header(replace(record, comment=''))}\n{quoted(comment, chr(34))}"
    question, answer = "", ""
    for count in range(1, len(record.methods) + 1):
        asked = f"{head}\n\nMethods: {_names(record.methods[:count])}"
        text = "\n\n".join(render_method(each, parse) for each in record.methods[:count])
        if size(asked, text) + _WORDS > most or len(text) > most_characters:
            break
        question, answer = asked, text
    if answer:
        yield instruction("smalltalk", "generation", document, asker.ask(WRITE, question), answer)


def readings(record: ClassRecord, document: str, most: int, parse: Parse = parse_method) -> Iterator[Instruction]:
    """The whole class in parts of at most `most` bytes, each under the class header; a longer method is left out."""
    header = render_header(replace(record, comment=""))
    comment = f"\n{quoted(record.comment, chr(34))}" if record.comment else ""
    whole = header + (comment if size(header, comment) <= most else "")
    part = whole
    for text in (render_method(each, parse) for each in record.methods):
        if size(part, text) + 2 > most and part != header:
            yield _reading(document, part)
            part = header
        if size(part, text) + 2 <= most:
            part += f"\n\n{text}"
    if part != header:
        yield _reading(document, part)


def _reading(document: str, text: str) -> Instruction:
    return from_messages("smalltalk", "reading", document, [{"role": DOCUMENT, "content": f"{text}\n"}])


def _short(comment: str, most: int) -> str:
    """The comment, its first paragraph when that alone is short enough, or nothing."""
    for text in (comment, comment.partition("\n\n")[0].strip()):
        if size(text) <= most:
            return text
    return ""


def _names(methods: Sequence[MethodRecord]) -> str:
    return ", ".join(("class " if each.side == "class" else "") + each.selector for each in methods)
