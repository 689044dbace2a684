from collections import Counter

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.tasks.base import TasksConfig, exact_match, examples_of, set_of
from llmlab.tasks.table import TASKS


class Numbers:
    """Ten questions and no more."""

    name = "numbers"

    def languages(self) -> tuple[str, ...]:
        return ("english",)

    def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
        return f"{lang} {(seed + index * 7) % 10}", str(index % 10)


def test_a_question_is_in_one_set_whoever_asks() -> None:
    """By its words alone, about a fifth in test and a twentieth in validation."""
    questions = [f"What is {a} plus {b}?" for a in range(60) for b in range(60)]
    counts = Counter(map(set_of, questions))
    assert {name: pytest.approx(counts[name] / 3600, abs=0.03) for name in counts} == {
        "test": 51 / 256,
        "val": 13 / 256,
        "train": 192 / 256,
    }
    assert [set_of(question) for question in questions] == [set_of(question) for question in questions]


@pytest.mark.parametrize("wanted", ["train", "val", "test"])
@pytest.mark.parametrize("name", sorted(TASKS))
def test_examples_are_distinct_of_their_set_and_numbered(name: str, wanted: str) -> None:
    examples = examples_of(TASKS[name], "english", wanted, 30, 1)
    assert len(examples) == 30
    assert len({example.prompt for example in examples}) == 30
    assert {set_of(example.prompt) for example in examples} == {wanted}
    assert [example.id for example in examples] == [f"{name}/english/{place}" for place in range(30)]
    assert {(example.task, example.lang) for example in examples} == {(name, "english")}


def test_a_larger_set_begins_with_the_smaller_one() -> None:
    task = TASKS["copy"]
    assert examples_of(task, "english", "train", 50, 1)[:20] == examples_of(task, "english", "train", 20, 1)


def test_a_task_with_few_questions_gives_all_of_them_and_ends() -> None:
    found = {wanted: examples_of(Numbers(), "english", wanted, 50, 0) for wanted in ("train", "val", "test")}
    prompts = [example.prompt for examples in found.values() for example in examples]
    assert sorted(prompts) == [f"english {number}" for number in range(10)]


def test_none_asked_for_none_given() -> None:
    assert examples_of(TASKS["copy"], "english", "train", 0, 1) == []


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("42", True),
        (" 42 \n", True),
        ("42.", True),
        ("42 。", True),
        ("42 .\n", True),
        ("42..", False),
        (".42", False),
        ("-42", False),
        ("42 43", False),
        ("4 2", False),
        ("forty-two", False),
        ("", False),
        (".", False),
    ],
)
def test_only_outer_blanks_and_one_stop_are_forgiven(text: str, right: bool) -> None:
    assert exact_match("42", text) is right


def test_case_counts() -> None:
    assert not exact_match("fox", "Fox")


@pytest.mark.parametrize(
    "values", [{"names": ["arithmatic"]}, {"examples": 0}, {"examples": 10_001}, {"name": ["copy"]}]
)
def test_unknown_tasks_and_bad_counts_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(LabError, match=next(iter(values))):
        build(TasksConfig, values, "params.yaml: tasks")


def test_every_task_can_be_named_in_params() -> None:
    assert build(TasksConfig, {"names": list(TASKS)}, "tasks").names == list(TASKS)
