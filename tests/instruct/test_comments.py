import pytest

from llmlab.artifacts.documents import Document
from llmlab.instruct.asking import EXPLAIN
from llmlab.instruct.comments import comments, is_sentence
from llmlab.smalltalk.lexer import quoted
from llmlab.smalltalk.nodes import same_tree
from llmlab.smalltalk.parser import parse_method

from .turns import asker, materials, turns_of


def test_the_question_is_the_method_without_the_comment_that_answers_it(classes: list[Document]) -> None:
    seen = 0
    for document in classes:
        for material in materials(document):
            for example in comments(material, "d", asker(1.0)):
                question, answer = turns_of(example)
                text = question.removeprefix(f"{EXPLAIN.words}\n\n{material.holder} >> ")
                pattern, body = text.removesuffix("\n]").split(" [", 1)
                assert same_tree(parse_method(pattern + body), material.tree)
                assert quoted(answer, '"') in material.source
                assert answer not in question
                seen += 1
    assert seen > 20


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Answer the sum of my parts.", True),
        ("Tell whether #next would answer nil.", False),
        ("self halt. x := self y foo", False),
        ("^ self as it was", False),
        ("ab 4/8/2004 13:19 fixed a bug", False),
        ("private", False),
        ("Answer it", False),
    ],
)
def test_only_sentences_are_comments(text: str, expected: bool) -> None:
    assert is_sentence(text) is expected
