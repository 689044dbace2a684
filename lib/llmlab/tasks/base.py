"""What a task is, and which set an example belongs to."""

import hashlib
from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol

from pydantic import Field

COLUMNS = ["id", "task", "lang", "prompt", "answer"]
TaskName = Literal["arithmetic", "copy", "last-word"]


@dataclass(frozen=True, kw_only=True)
class TasksConfig:
    """Section `tasks` of params.yaml."""

    names: list[TaskName] = field(default_factory=list)
    """The exact-match tasks at hand."""
    examples: Annotated[int, Field(gt=0, le=10_000)] = 100
    """Test examples per task and language."""


@dataclass(frozen=True)
class Example:
    """One question with its only right answer."""

    id: str
    task: str
    lang: str
    prompt: str
    answer: str


class Task(Protocol):
    """Questions that can be drawn without end, and a grader."""

    name: str

    def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
        """Question and answer number `index` in a language; the same arguments give the same pair."""
        ...

    def languages(self) -> tuple[str, ...]:
        """Languages the task can be asked in."""
        ...


def set_of(prompt: str) -> str:
    """`train`, `val` or `test`, by a hash of the question: a question is never in two sets, whatever drew it."""
    point = hashlib.sha256(prompt.encode()).digest()[0]
    return "test" if point < 51 else "val" if point < 64 else "train"


def examples_of(task: Task, lang: str, wanted: str, count: int, seed: int) -> list[Example]:
    """`count` distinct examples of one set; fewer when the task has no more questions."""
    found: dict[str, Example] = {}
    for index in range(60 * count):
        prompt, answer = task.draw(lang, seed, index)
        if set_of(prompt) == wanted and prompt not in found:
            found[prompt] = Example(f"{task.name}/{lang}/{len(found)}", task.name, lang, prompt, answer)
        if len(found) == count:
            break
    return list(found.values())


def exact_match(answer: str, text: str) -> bool:
    """True when the text is the answer, outer blanks and one closing stop aside."""
    text = text.strip()
    return (text[:-1].rstrip() if text.endswith((".", "。")) else text) == answer
