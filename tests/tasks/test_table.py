import itertools
from typing import get_args

import pytest

from llmlab.tasks.base import MADE, TaskName, TasksConfig
from llmlab.tasks.table import TASKS, all_tasks, draw_examples, evaluation_sets
from llmlab.tasks.templates import TEMPLATES

LANGUAGES = ["smalltalk", "english", "chinese"]


def test_the_names_of_the_table_are_those_params_may_say() -> None:
    assert set(TASKS) == set(MADE)
    assert set(all_tasks()) == set(get_args(TaskName))
    assert all(task.name == name for name, task in all_tasks().items())


def test_every_usual_template_is_there_and_fits_the_model() -> None:
    for task in all_tasks().values():
        assert not any(TEMPLATES[name].chat for name in task.style.templates)
        assert {TEMPLATES[name].chat for name in task.style.chat} == {task.style.chat[0].startswith("chat")}


@pytest.mark.parametrize("languages", [LANGUAGES, ["chinese"], ["smalltalk"], ["spanish"]])
def test_tasks_are_asked_in_the_languages_they_and_the_project_have(languages: list[str]) -> None:
    drawn = draw_examples(list(TASKS), languages, "train", 5, 1)
    for name, examples in drawn.items():
        asked = [example.lang for example in examples]
        assert asked == [lang for lang in TASKS[name].languages() if lang in languages for _ in range(5)]


def test_the_three_sets_share_no_question() -> None:
    drawn = [draw_examples(list(TASKS), LANGUAGES, wanted, 20, 1) for wanted in ("train", "val", "test")]
    prompts = [{example.prompt for examples in each.values() for example in examples} for each in drawn]
    for one, other in itertools.combinations(prompts, 2):
        assert one
        assert not one & other


def test_another_seed_draws_other_questions_of_the_same_sets() -> None:
    """So that training with one seed never sees the test questions of another."""
    train = draw_examples(list(TASKS), LANGUAGES, "train", 50, 1)
    test = draw_examples(list(TASKS), LANGUAGES, "test", 50, 2)
    for name in TASKS:
        assert not {example.prompt for example in train[name]} & {example.prompt for example in test[name]}


def test_evaluation_sets_are_the_test_examples_as_many_as_asked() -> None:
    sets = evaluation_sets(TasksConfig(names=["copy", "arithmetic"], examples=7), LANGUAGES, 3)
    assert list(sets) == ["copy", "arithmetic"]
    assert sets == draw_examples(["copy", "arithmetic"], LANGUAGES, "test", 7, 3)
    assert [len(examples) for examples in sets.values()] == [14, 14]
    assert sets == evaluation_sets(TasksConfig(names=["copy", "arithmetic"], examples=7), LANGUAGES, 3)


def test_no_tasks_are_no_sets() -> None:
    assert evaluation_sets(TasksConfig(), LANGUAGES, 1) == {}
