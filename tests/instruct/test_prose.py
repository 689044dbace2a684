from collections.abc import Callable

import pytest

from llmlab.artifacts.documents import Document
from llmlab.instruct.base import size
from llmlab.instruct.prose import continuations

from .turns import turns_of


def said(who: str) -> str:
    return (
        f"{who} "
        + "said that it would rain before the evening, and that the hay was still lying out on the far meadow"
        + "."
    )


ONE, TWO, THREE = map(said, ("Anna", "Bert", "Carl"))


@pytest.mark.parametrize(
    ("lang", "beginning"), [("english", "Go on from here:\n\n"), ("chinese", "请接着往下写：\n\n")]
)
def test_what_comes_before_is_asked_and_what_comes_next_answered(
    make: Callable[..., Document], lang: str, beginning: str
) -> None:
    document = make(f"The Hay\n\n{ONE}\n\n{TWO}\n\n\n\n  \n\n{THREE}\n", lang)
    examples = list(continuations(document, 700, 600))
    assert [turns_of(example) for example in examples] == [
        [f"{beginning}The Hay\n\n{ONE}", TWO],
        [f"{beginning}The Hay\n\n{ONE}\n\n{TWO}", THREE],
    ]
    assert {(example.lang, example.kind, example.document) for example in examples} == {
        (lang, "continuation", document.id)
    }


def test_a_heading_is_no_question_and_a_signature_no_answer(make: Callable[..., Document]) -> None:
    assert list(continuations(make(f"The Hay\n\n{ONE}"), 700, 600)) == []
    assert list(continuations(make(f"{ONE}\n\nAnna Weber"), 700, 600)) == []


def test_short_paragraphs_go_together(make: Callable[..., Document]) -> None:
    talk = [
        '"Is it far?"',
        '"An hour on foot, if you know the way."',
        '"And if I do not know it at all, my friend?"',
        '"Two."',
    ]
    (example,) = continuations(make("\n\n".join([ONE, *talk])), 700, 600)
    assert turns_of(example)[1] == "\n\n".join(talk[:3])


def test_nothing_is_longer_than_told(make: Callable[..., Document]) -> None:
    document = make("\n\n".join([ONE, TWO, "x" * 700 + ".", THREE, ONE, TWO]))
    examples = [turns_of(each) for each in continuations(document, 400, 600)]
    assert len(examples) == 3
    assert all(size(*turns) <= 400 for turns in examples)


def test_where_answers_must_be_short_short_paragraphs_will_do(make: Callable[..., Document]) -> None:
    """Rows of 64 characters, as for a character-level model, hold no longer exchange."""
    (example,) = continuations(make("Who is there?\n\nA friend."), 700, 18)
    assert turns_of(example) == ["Go on from here:\n\nWho is there?", "A friend."]


@pytest.mark.parametrize("text", ["", "Alone.", "\n\n\n"])
def test_one_paragraph_asks_nothing(make: Callable[..., Document], text: str) -> None:
    assert list(continuations(make(text), 700, 600)) == []
