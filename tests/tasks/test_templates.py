from collections.abc import Callable

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.tasks.base import Example
from llmlab.tasks.style import Style
from llmlab.tasks.templates import TEMPLATES, render, template_named

ENGLISH = Example("x/0", "x", "english", "What is 2 plus 2?", "4", ("3", "4"))
CHINESE = Example("x/0", "x", "chinese", "2加2等于多少？", "4", ("3", "4"))
SOLVED = Example("x/1", "x", "english", "What is 1 plus 1?", "2", ("2", "5"))


def test_a_question_as_most_reports_put_it() -> None:
    prompt = render(TEMPLATES["question"], ENGLISH)
    assert prompt.text == "Question: What is 2 plus 2?\nAnswer:"
    assert prompt.choices == (" 3", " 4")


def test_chinese_has_no_blank_after_its_colon() -> None:
    prompt = render(TEMPLATES["question"], CHINESE)
    assert prompt.text == "问题：2加2等于多少？\n答案："
    assert prompt.choices == ("3", "4")


def test_solved_examples_stand_before() -> None:
    prompt = render(TEMPLATES["qa"], ENGLISH, [SOLVED])
    assert prompt.text == "Q: What is 1 plus 1?\nA: 2\n\nQ: What is 2 plus 2?\nA:"


def test_letters_are_the_choices_of_a_lettered_template() -> None:
    prompt = render(TEMPLATES["lettered"], ENGLISH, [SOLVED])
    assert prompt.text.startswith("What is 1 plus 1?\nA. 2\nB. 5\nAnswer: A\n\n")
    assert prompt.text.endswith("\nA. 3\nB. 4\nAnswer:")
    assert prompt.choices == (" A", " B")


def test_in_a_chat_solved_examples_are_turns_and_choices_have_no_blank() -> None:
    prompt = render(TEMPLATES["chat"], ENGLISH, [SOLVED])
    assert prompt.turns == ("What is 1 plus 1?", "2", "What is 2 plus 2?")
    assert prompt.text == ""
    assert prompt.choices == ("3", "4")


def test_a_sentence_stands_alone() -> None:
    prompt = render(TEMPLATES["sentence"], ENGLISH)
    assert (prompt.text, prompt.turns, prompt.choices) == ("", (), ("3", "4"))


def test_braces_of_a_question_are_its_own() -> None:
    example = Example("x/0", "x", "english", "{prompt} {0} {", "4")
    assert render(TEMPLATES["bare"], example).text == "{prompt} {0} {"


def test_an_unknown_template_is_refused(refuses: Callable[..., LabError]) -> None:
    refuses(["'poem'", "question"], template_named, "poem")


@pytest.mark.parametrize("name", [*Style().templates, *Style().chat])
def test_every_usual_template_keeps_the_whole_question(name: str) -> None:
    prompt = render(TEMPLATES[name], CHINESE)
    assert CHINESE.prompt in prompt.text + "".join(prompt.turns)
