from collections import Counter

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.tasks.base import MADE, Example, TasksConfig, as_row, exact_match, from_row, set_of


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
    assert build(TasksConfig, {"names": list(MADE)}, "tasks").names == list(MADE)


@pytest.mark.parametrize("choices", [(), ("a", 'b "c"', "丁\n")])
def test_a_row_of_text_comes_back_as_the_example(choices: tuple[str, ...]) -> None:
    example = Example("x/0", "x", "chinese", "问：\t", "a", choices, '{"k": 1}')
    row = as_row(example)
    assert all(isinstance(value, str) for value in row.values())
    assert from_row(row) == example


def test_the_gold_choice_is_the_answer() -> None:
    assert Example("x/0", "x", "english", "?", "b", ("a", "b", "c")).gold == 1
