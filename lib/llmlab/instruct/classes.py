"""Class generation: from a comment to a class."""

from collections.abc import Iterator
from dataclasses import replace

from llmlab.artifacts.documents import Document
from llmlab.instruct.base import Instruction, instruction
from llmlab.smalltalk.rendering import parse_rendered, render_class


def generations(document: Document, most_characters: int) -> Iterator[Instruction]:
    """One example for a commented class: its header and as many of its first methods as fit."""
    record = parse_rendered(document.text)
    if not record.comment:
        return
    bare = replace(record, comment="")
    fitting = ""
    for count in range(1, len(record.methods) + 1):
        text = render_class(replace(bare, methods=record.methods[:count])).rstrip()
        if len(text) > most_characters:
            break
        fitting = text
    if fitting:
        question = f"Write the Smalltalk class {record.name}.\n\n{record.comment}"
        yield instruction(document.lang, "generation", document.id, question, fitting)
