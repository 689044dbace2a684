from collections.abc import Callable

import pytest

from llmlab.artifacts.documents import Document
from llmlab.instruct.prose import continuations

from .turns import turns_of


@pytest.mark.parametrize(
    ("lang", "beginning"), [("english", "Go on from here:\n\n"), ("chinese", "请接着往下写：\n\n")]
)
def test_neighbouring_paragraphs_make_a_pair(make: Callable[..., Document], lang: str, beginning: str) -> None:
    document = make("One.\n\nTwo,\nstill two.\n\n\n\n  \n\nThree.\n", lang)
    examples = list(continuations(document, 600))
    assert [turns_of(example) for example in examples] == [
        [f"{beginning}One.", "Two,\nstill two."],
        [f"{beginning}Two,\nstill two.", "Three."],
    ]
    assert {(example.lang, example.kind, example.document) for example in examples} == {
        (lang, "continuation", document.id)
    }


def test_a_pair_with_a_long_half_is_left_out(make: Callable[..., Document]) -> None:
    document = make(f"One.\n\n{'x' * 11}\n\nThree.\n\nFour.")
    assert [turns_of(example)[1] for example in continuations(document, 10)] == ["Four."]
    assert len(list(continuations(document, 11))) == 3


@pytest.mark.parametrize("text", ["", "Alone.", "\n\n\n"])
def test_one_paragraph_asks_nothing(make: Callable[..., Document], text: str) -> None:
    assert list(continuations(make(text), 600)) == []
