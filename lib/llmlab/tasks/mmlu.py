"""MMLU: exam questions of many subjects with four lettered choices (Hendrycks et al. 2021, arXiv 2009.03300).

Here five of the 57 subjects: elementary mathematics, high-school computer science, machine learning, world religions
and US foreign policy. The five published `dev` questions of each are the training split, which solved examples for a
few-shot prompt come from.
"""

from collections.abc import Iterable
from typing import ClassVar

from llmlab.tasks.base import Example, exact_match
from llmlab.tasks.published import Finder, Published, PublishedTask, Row, nothing_found
from llmlab.tasks.style import Style

SUBJECTS = (
    "elementary_mathematics",
    "high_school_computer_science",
    "machine_learning",
    "us_foreign_policy",
    "world_religions",
)
_FILE = "7245763130fa6d71f2f3c8e6b2b6ba07aece31c19c05994827d66a83d086f14e"
_REVISION = "c30699e8356da336a370243923dbaf21066bb9fe"


def _published(split: str, hub_split: str) -> Published:
    return Published(
        name=f"MMLU, {split}",
        sha256=_FILE,
        dataset="cais/mmlu",
        subset="all",
        split=hub_split,
        revision=_REVISION,
    )


class Mmlu(PublishedTask):
    """Choices are listed with letters, and the letters compared."""

    name: ClassVar[str] = "mmlu"
    kind: ClassVar = "choose"
    style: ClassVar[Style] = Style(
        templates=("lettered", "lettered-question", "question"), chat=("chat-lettered", "chat")
    )
    splits: ClassVar = {"train": _published("dev", "dev"), "test": _published("test", "test")}

    def __init__(self, find: Finder = nothing_found) -> None:
        super().__init__(lambda published: _of_split(find(published), published.split))

    def example(self, number: int, row: Row) -> Example:
        """The subject is kept in the id."""
        choices = tuple(row["choices"])
        answer = choices[row["answer"]]
        name = f"{self.name}/{row['subject']}/{number}"
        return Example(name, self.name, self.lang, row["question"], answer, choices)

    def grade(self, example: Example, text: str) -> float:
        """1 for the letter or the words of the right choice."""
        return float(exact_match("ABCD"[example.gold], text) or exact_match(example.answer, text))


def _of_split(rows: Iterable[Row], split: str) -> list[Row]:
    """The file of the mirror holds both splits; the hub has many more subjects."""
    return [row for row in rows if row["subject"] in SUBJECTS and row.get("split", split) == split]
