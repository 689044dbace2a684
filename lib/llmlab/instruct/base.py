"""What an instruction example is, and how many of each kind are made."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from typing import Annotated

from pydantic import Field

from llmlab.tasks.base import TaskName

Count = Annotated[int, Field(ge=0)]


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
    """Most examples per kind in the training set (a tenth of it in the others)."""

    completion: Count = 1500
    """Finish a method from its class header and signature."""
    generation: Count = 300
    """Write a class from its comment."""
    fixing: Count = 600
    """Name and mend the defect of a method."""
    continuation: Count = 300
    """Go on from a paragraph of prose, per language."""
    tasks: Count = 1500
    """Questions of each exact-match task, per language."""
    task_names: list[TaskName] = field(default_factory=lambda: ["arithmetic", "copy", "last-word"])
    """Which exact-match tasks are taught."""
    max_characters: Annotated[int, Field(gt=0)] = 600
    """Longest answer."""


def instruction(lang: str, kind: str, document: str, *turns: str) -> Instruction:
    """A conversation of alternating user and assistant turns."""
    roles = ("user", "assistant")
    messages = [{"role": roles[place % 2], "content": turn} for place, turn in enumerate(turns)]
    return from_messages(lang, kind, document, messages)


def from_messages(lang: str, kind: str, document: str, messages: list[dict[str, str]]) -> Instruction:
    """An example of ready messages; its id is a hash of what it says."""
    text = json.dumps(messages, ensure_ascii=False)
    return Instruction(hashlib.sha256(f"{lang}\0{text}".encode()).hexdigest()[:16], lang, kind, text, document)


def as_row(example: Instruction) -> dict[str, str]:
    """The example as a row of `COLUMNS`."""
    return asdict(example)
