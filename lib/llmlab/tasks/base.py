"""What a task is: examples and their grader together, the same for evaluation, fine-tuning and rewards."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Literal, Protocol, get_args

from pydantic import Field

from llmlab.tasks.style import Style

Kind = Literal["write", "choose"]
MadeName = Literal["arithmetic", "copy", "last-word", "digits", "recall", "lists", "reasoning", "minimal-pairs"]
PublishedName = Literal["arc-easy", "arc-challenge", "mmlu", "hellaswag", "gsm8k", "humaneval"]
TaskName = Literal[MadeName, PublishedName]
MADE: tuple[MadeName, ...] = get_args(MadeName)


@dataclass(frozen=True, kw_only=True)
class TasksConfig:
    """Section `tasks` of params.yaml."""

    names: list[TaskName] = field(default_factory=list)
    """The tasks at hand."""
    examples: Annotated[int, Field(gt=0, le=10_000)] = 100
    """Test examples per task and language."""


@dataclass(frozen=True)
class Example:
    """One question; what is put around it (`Question:`, a user's turn) is a template's business.

    `answer` is the right answer in words, of a question with `choices` one of them. `meta` is a JSON object with
    whatever else the grader needs.
    """

    id: str
    task: str
    lang: str
    prompt: str
    answer: str
    choices: tuple[str, ...] = ()
    meta: str = "{}"

    @property
    def gold(self) -> int:
        """Which of the choices is right."""
        return self.choices.index(self.answer)


COLUMNS = [item.name for item in fields(Example)]


class Task(Protocol):
    """Examples of a split, and a grader.

    `write`: the model writes an answer, which `grade` marks. `choose`: the likeliest of the choices is its answer;
    `grade` still marks a written one, so that such a task can be a reward as well.
    """

    @property
    def name(self) -> str:
        """Its name in the table."""
        ...

    @property
    def kind(self) -> Kind:
        """How it is answered."""
        ...

    @property
    def style(self) -> Style:
        """How it is usually put."""
        ...

    def languages(self) -> tuple[str, ...]:
        """Languages the task can be asked in."""
        ...

    def examples(self, lang: str, split: str, count: int, seed: int) -> list[Example]:
        """The first `count` of `train`, `val` or `test`; fewer when there are no more. None is in two splits."""
        ...

    def grade(self, example: Example, text: str) -> float:
        """How right a written answer is, from 0 to 1: a function of its arguments alone."""
        ...


def set_of(prompt: str) -> str:
    """`train`, `val` or `test`, by a hash of the question: it is never in two sets, whatever drew it."""
    point = hashlib.sha256(prompt.encode()).digest()[0]
    return "test" if point < 51 else "val" if point < 64 else "train"


def as_row(example: Example) -> dict[str, str]:
    """The example as a row of `COLUMNS`, text only."""
    choices = json.dumps(list(example.choices), ensure_ascii=False)
    return {**{name: getattr(example, name) for name in COLUMNS}, "choices": choices}


def from_row(row: Mapping[str, str]) -> Example:
    """The inverse of `as_row`."""
    return Example(**{**row, "choices": tuple(json.loads(row["choices"]))})  # type: ignore[arg-type]


def exact_match(answer: str, text: str) -> bool:
    """True when the text is the answer, outer blanks and one closing stop aside."""
    text = text.strip()
    return answer in (text, text[:-1].rstrip() if text.endswith((".", "。")) else text)
