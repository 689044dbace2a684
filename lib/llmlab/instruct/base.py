"""What an instruction example is, and how many of each kind are made."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Annotated, Any

from pydantic import Field

from llmlab.tasks.base import TaskName
from llmlab.tasks.traced_table import TracedName

Count = Annotated[int, Field(ge=0)]
# A text, or texts and special tokens (`{"token": name}`) in their order: see `tokenizer.chat`.
Content = str | list[str | dict[str, str]]


@dataclass(frozen=True)
class Instruction:
    """A conversation with the kind of task it teaches; `messages` is a JSON list of role and content."""

    id: str
    lang: str
    kind: str
    messages: str
    document: str


COLUMNS = [item.name for item in fields(Instruction)]


@dataclass(frozen=True, kw_only=True)
class InstructConfig:
    """Most examples per kind in the training set (a tenth of it in the others); 0 leaves a kind out."""

    completion: Count = 1500
    """Finish a method from its class header, signature and comment."""
    signature: Count = 0
    """Finish a method that uses no variable of its class, from its signature and comment alone."""
    opening: Count = 0
    """Finish a method from its class header, signature and first tokens, one to eight of them."""
    infilling: Count = 0
    """Fill a gap in the middle of a method: an expression, a block or a statement."""
    generation: Count = 300
    """Write the methods of a class from its header, comment and selectors."""
    fixing: Count = 600
    """Name and mend the defect of a method."""
    altered: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of `fixing` whose method still parses and does the wrong thing, where its text allows such a bug."""
    naming: Count = 0
    """Find the selector of a method from its body."""
    commenting: Count = 0
    """Write the comment that a method opens with."""
    cloze: Count = 0
    """Find the selector of one message that a method sends."""
    reading: Count = 0
    """Parts of rendered classes, read as the base model reads them: next-token prediction, no question."""
    worded: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of the questions on code that are asked in words, as a person would; the others by their special token."""
    continuation: Count = 300
    """Go on from the paragraphs before, per language."""
    tasks: Count = 1500
    """Questions of each exact-match task, per language."""
    task_names: list[TaskName] = field(default_factory=lambda: ["arithmetic", "copy", "last-word"])
    """Which exact-match tasks are taught."""
    call_names: list[TracedName] = field(default_factory=list)
    """Which tasks that call tools are taught (docs/TOOLS.md), as many questions of each as of the others."""
    same_answer: Annotated[int, Field(gt=0)] = 3
    """Most examples of a kind on code or prose with one and the same answer; selectors may repeat."""
    max_characters: Annotated[int, Field(gt=0)] = 600
    """Longest answer."""
    max_bytes: Annotated[int, Field(gt=0)] = 700
    """Longest conversation in UTF-8: a token is about three bytes of any language, so this is for 256 tokens."""


def instruction(lang: str, kind: str, document: str, *turns: Content) -> Instruction:
    """A conversation of alternating user and assistant turns."""
    roles = ("user", "assistant")
    messages = [{"role": roles[place % 2], "content": turn} for place, turn in enumerate(turns)]
    return from_messages(lang, kind, document, messages)


def from_messages(lang: str, kind: str, document: str, messages: Sequence[Mapping[str, Any]]) -> Instruction:
    """An example of ready messages; its id is a hash of what it says."""
    text = json.dumps(messages, ensure_ascii=False)
    return Instruction(hashlib.sha256(f"{lang}\0{text}".encode()).hexdigest()[:16], lang, kind, text, document)


def size(*contents: Content) -> int:
    """UTF-8 bytes of the texts in contents; a special token counts as three, which is what a token comes to."""
    parts = [part for content in contents for part in ([content] if isinstance(content, str) else content)]
    return sum(
        len(part.encode()) if isinstance(part, str) else 3 + len(part.get("result", "").encode()) for part in parts
    )


def as_row(example: Instruction) -> dict[str, str]:
    """The example as a row of `COLUMNS`."""
    return asdict(example)
