"""Method completion: from class header and signature to body."""

from collections.abc import Iterator
from dataclasses import replace

from llmlab.artifacts.documents import Document
from llmlab.instruct.base import Instruction, instruction
from llmlab.smalltalk.rendering import parse_rendered, render_header, render_method


def completions(document: Document, most_characters: int) -> Iterator[Instruction]:
    """One example per method of a rendered class."""
    record = parse_rendered(document.text)
    header = render_header(replace(record, comment=""))
    for method in record.methods:
        signature, body = split_method(render_method(method))
        if len(body) <= most_characters:
            question = f"Complete this Smalltalk method.\n\n{header}\n\n{signature}"
            yield instruction(document.lang, "completion", document.id, question, body)


def split_method(rendered: str) -> tuple[str, str]:
    """A rendered method cut behind its opening bracket: signature with ` [`, and the body up to its `]`."""
    start = rendered.index("\n") + 1 if rendered.startswith("{") else 0
    line_end = rendered.index("\n", start)
    return rendered[start:line_end], rendered[line_end + 1 :]
