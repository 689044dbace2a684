from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.tasks.base import Example
from llmlab.tasks.published import Published, PublishedTask, nothing_found


class Capitals(PublishedTask):
    name: ClassVar[str] = "capitals"
    kind: ClassVar = "write"
    splits: ClassVar = {"test": Published(name="capitals, test"), "train": Published(name="capitals, train")}

    def example(self, number: int, row: Any) -> Example:
        return Example(f"capitals/{number}", self.name, self.lang, row["q"], row["a"])

    def grade(self, example: Example, text: str) -> float:
        return float(text == example.answer)


def test_rows_are_read_once_and_when_they_are_asked_for() -> None:
    asked = []

    def find(published: Published) -> list[dict[str, str]]:
        asked.append(published.name)
        return [{"q": str(number), "a": str(number)} for number in range(20)]

    task = Capitals(find)
    assert task.examples("english", "train", 0, 1) == []
    assert asked == []
    first = task.examples("english", "test", 5, 1)
    assert task.examples("english", "test", 20, 1)[:5] == first
    assert {example.id for example in task.examples("english", "test", 99, 2)} == {f"capitals/{n}" for n in range(20)}
    assert task.examples("english", "test", 5, 2) != first
    assert asked == ["capitals, test"]
    assert task.examples("chinese", "test", 5, 1) == task.examples("english", "val", 5, 1) == []


def test_who_has_no_way_to_data_is_told_one(refuses: Callable[..., LabError]) -> None:
    refuses(["capitals, test", "lab eval"], Capitals().examples, "english", "test", 1, 1)


@pytest.mark.parametrize("published", [Published(name="x")])
def test_the_finder_of_nobody(published: Published, refuses: Callable[..., LabError]) -> None:
    refuses(["x"], nothing_found, published)
