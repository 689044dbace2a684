from collections.abc import Sequence
from pathlib import Path

import pytest

from llmlab.artifacts.documents import write_rows
from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.answerer import Cost
from llmlab.evals.task_curve import TaskCurve, validation_questions
from llmlab.instruct.base import COLUMNS, as_row, instruction
from llmlab.tasks.base import Example
from llmlab.tasks.templates import Prompt

GROUPS = {
    "copy/english": [Example("c", "copy", "english", "a b", "a b"), Example("d", "copy", "english", "c d", "c d")],
    "arithmetic/chinese": [Example("e", "arithmetic", "chinese", "7", "7")],
}


class Learner:
    """Knows one more answer at each step."""

    def __init__(self) -> None:
        self.cost, self.step = Cost(), 0

    def write(self, prompts: Sequence[Prompt], sampling: SamplingConfig, stops: Sequence[str], seed: int) -> list[str]:
        assert sampling.temperature == 0
        return [prompt.turns[-1] if place < self.step else "?" for place, prompt in enumerate(prompts)]

    def count(self, text: str) -> int:
        return len(text)


def run(learner: Learner, file: Path, first: int, last: int) -> dict[str, dict[str, float]]:
    curve = TaskCurve(learner, GROUPS, every=2, steps=5, file=file)  # type: ignore[arg-type]
    for step in range(first, last + 1):
        learner.step = step - 2
        curve(step)
    return curve.points()


def test_questions_are_answered_at_every_validation_and_at_the_end(tmp_path: Path) -> None:
    points = run(Learner(), tmp_path / "tasks.json", 1, 5)
    assert points == {
        "2": {"copy/english": 0.0, "arithmetic/chinese": 0.0},
        "4": {"copy/english": 1.0, "arithmetic/chinese": 1.0},
        "5": {"copy/english": 1.0, "arithmetic/chinese": 1.0},
    }


def test_a_resumed_run_ends_with_the_same_curve(tmp_path: Path) -> None:
    """Killed after step 4, it goes on from a checkpoint after step 3."""
    whole = run(Learner(), tmp_path / "whole.json", 1, 5)
    run(Learner(), tmp_path / "resumed.json", 1, 4)
    assert run(Learner(), tmp_path / "resumed.json", 4, 5) == whole


def test_without_questions_nothing_is_written(tmp_path: Path) -> None:
    curve = TaskCurve(Learner(), {}, every=1, steps=1, file=tmp_path / "tasks.json")  # type: ignore[arg-type]
    curve(1)
    assert curve.points() == {}
    assert not (tmp_path / "tasks.json").exists()


@pytest.mark.parametrize(("count", "copies"), [(0, 0), (2, 2), (9, 3)])
def test_questions_are_the_first_of_each_task_and_language(tmp_path: Path, count: int, copies: int) -> None:
    examples = [instruction("english", "copy", "d", f"{number} x", str(number)) for number in range(3)]
    examples += [instruction("english", "chat", "d", "Hi", "Ho", "Who?", "Me")]
    write_rows(tmp_path / "val.parquet", COLUMNS, map(as_row, examples))
    groups = validation_questions(tmp_path, count)
    assert [example.prompt for group in groups.values() for example in group] == ["0 x", "1 x", "2 x"][:copies]
    assert set(groups) <= {"copy/english"}
