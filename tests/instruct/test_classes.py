from collections.abc import Callable

import pytest

from llmlab.artifacts.documents import Document
from llmlab.instruct.classes import generations
from llmlab.smalltalk.parser import is_valid_method
from llmlab.smalltalk.rendering import parse_rendered

from .turns import turns_of


@pytest.mark.parametrize("most", [200, 600, 100_000])
def test_an_answer_is_the_class_with_its_first_methods(classes: list[Document], most: int) -> None:
    """As many as fit, at least one, without the comment, which is the question."""
    seen = 0
    for document in classes:
        record = parse_rendered(document.text)
        for example in generations(document, most):
            question, answer = turns_of(example)
            assert question == f"Write the Smalltalk class {record.name}.\n\n{record.comment}"
            written = parse_rendered(answer)
            assert written.comment == ""
            assert written.methods == record.methods[: len(written.methods)]
            assert len(answer) <= most
            assert all(is_valid_method(method.source) for method in written.methods)
            fields = ("name", "superclass", "instance_variables", "class_variables", "category")
            assert all(getattr(written, name) == getattr(record, name) for name in fields)
            seen += 1
    assert seen >= (1 if most == 200 else 10)


def test_one_more_method_would_not_have_fitted(classes: list[Document]) -> None:
    """Going down by one character each time, the answer loses one method after the other, the last one last."""
    document = next(each for each in classes if len(parse_rendered(each.text).methods) > 6 and '\n"' in each.text)
    methods = parse_rendered(document.text).methods
    most = len(document.text)
    for count in range(len(methods), 0, -1):
        (example,) = generations(document, most)
        answer = turns_of(example)[1]
        assert parse_rendered(answer).methods == methods[:count]
        assert [turns_of(each)[1] for each in generations(document, len(answer))] == [answer]
        most = len(answer) - 1
    assert list(generations(document, most)) == []


def test_a_class_without_comment_or_with_no_short_method_asks_nothing(make: Callable[..., Document]) -> None:
    header = "Class { #name : #A, #superclass : #Object, #instVars : [ ], #classVars : [ ] }"
    bare = header + "\n{comment}\nA >> b [\n\t^ 1\n]\n"
    uncommented = make(bare.replace("{comment}", ""), "smalltalk", "code")
    commented = make(bare.replace("{comment}", '"I am A."\n'), "smalltalk", "code")
    assert list(generations(uncommented, 600)) == []
    assert list(generations(commented, 50)) == []
    assert len(list(generations(commented, 600))) == 1
