import pytest

from llmlab.tasks.base import Example, set_of
from llmlab.tasks.drawn import DrawnTask
from llmlab.tasks.table import TASKS


class Numbers(DrawnTask):
    """Ten questions and no more."""

    name = "numbers"

    def languages(self) -> tuple[str, ...]:
        return ("english",)

    def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
        return f"{lang} {(seed + index * 7) % 10}", str(index % 10)


@pytest.mark.parametrize("wanted", ["train", "val", "test"])
@pytest.mark.parametrize("name", sorted(TASKS))
def test_examples_are_distinct_of_their_set_and_numbered(name: str, wanted: str) -> None:
    examples = TASKS[name].examples("english", wanted, 30, 1)
    assert len(examples) == 30
    assert len({example.prompt for example in examples}) == 30
    assert {set_of(example.prompt) for example in examples} == {wanted}
    assert [example.id for example in examples] == [f"{name}/english/{place}" for place in range(30)]
    assert {(example.task, example.lang) for example in examples} == {(name, "english")}


def test_a_larger_set_begins_with_the_smaller_one() -> None:
    task = TASKS["copy"]
    assert task.examples("english", "train", 50, 1)[:20] == task.examples("english", "train", 20, 1)


def test_a_task_with_few_questions_gives_all_of_them_and_ends() -> None:
    found = {wanted: Numbers().examples("english", wanted, 50, 0) for wanted in ("train", "val", "test")}
    prompts = [example.prompt for examples in found.values() for example in examples]
    assert sorted(prompts) == [f"english {number}" for number in range(10)]


def test_none_asked_for_none_given() -> None:
    assert TASKS["copy"].examples("english", "train", 0, 1) == []


def test_a_grade_is_an_exact_match() -> None:
    example = Example("n/0", "numbers", "english", "?", "42")
    assert [Numbers().grade(example, text) for text in ("42", " 42.", "43", "42 or 43", "")] == [
        1.0,
        1.0,
        0.0,
        0.0,
        0.0,
    ]
