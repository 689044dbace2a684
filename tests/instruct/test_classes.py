import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from llmlab.artifacts.documents import Document
from llmlab.instruct.base import Instruction, size
from llmlab.instruct.classes import generations, readings
from llmlab.smalltalk.rendering import parse_rendered, render_header, render_method

from .turns import asker, turns_of

BEGINNING = "Write the methods of this Smalltalk class.\n\n"


def generated(document: Document, most: int) -> list[Instruction]:
    return list(generations(parse_rendered(document.text), document.id, asker(1.0), most, 100_000))


@pytest.mark.parametrize("most", [450, 700, 100_000])
def test_question_and_answer_together_are_the_class_with_its_first_methods(classes: list[Document], most: int) -> None:
    """Header and comment are asked, the methods that are named there answered."""
    seen = 0
    for document in classes:
        record = parse_rendered(document.text)
        for example in generated(document, most):
            question, answer = turns_of(example)
            head, _, names = question.removeprefix(BEGINNING).rpartition("\n\nMethods: ")
            written = parse_rendered(f"{head}\n\n{answer}\n")
            assert record.comment == written.comment or record.comment.startswith(f"{written.comment}\n\n")
            assert replace(written, comment=record.comment) == replace(record, methods=written.methods)
            assert written.methods == record.methods[: len(written.methods)]
            sides = [f"class {each.selector}" if each.side == "class" else each.selector for each in written.methods]
            assert names == ", ".join(sides)
            assert size(question, answer) <= most
            seen += 1
    assert seen >= 5


def test_one_more_method_would_not_have_fitted(classes: list[Document]) -> None:
    """Into the bytes, with 60 of them for the words of the question."""
    ended = 0
    for document in classes:
        methods = parse_rendered(document.text).methods
        for example in generated(document, 700):
            question, answer = turns_of(example)
            count = question.rpartition("Methods: ")[2].count(", ") + 1
            if count < len(methods):
                more = render_method(methods[count])
                longer = f"{answer}\n\n{more}"
                name = ("class " if methods[count].side == "class" else "") + methods[count].selector
                asked = f"{question.removeprefix(BEGINNING)}, {name}"
                assert size(asked, longer) + 60 > 700
                ended += 1
    assert ended >= 5


def test_a_class_without_comment_or_of_tests_asks_nothing(make: Callable[..., Document]) -> None:
    header = "Class {{ #name : #A, #superclass : #{}, #instVars : [ ], #classVars : [ ] }}"
    method = "\n\nA >> b [\n\t^ 1\n]\n"
    comment = '\n"I am A."'
    assert generated(make(header.format("Object") + method, "smalltalk", "code"), 600) == []
    assert generated(make(header.format("TestCase") + comment + method, "smalltalk", "code"), 600) == []
    assert len(generated(make(header.format("Object") + comment + method, "smalltalk", "code"), 600)) == 1


def test_the_parts_to_read_are_the_whole_class(classes: list[Document]) -> None:
    for document in classes:
        record = parse_rendered(document.text)
        texts = [turns(example) for example in readings(record, document.id, 5000)]
        read = [parse_rendered(text) for text in texts]
        assert tuple(method for part in read for method in part.methods) == record.methods
        assert read[0].comment == record.comment
        assert all(text.startswith(render_header(replace(record, comment=""))) for text in texts)


def test_no_part_to_read_is_longer_than_told(classes: list[Document]) -> None:
    texts = [turns(each) for document in classes for each in readings(parse_rendered(document.text), document.id, 500)]
    assert len(texts) > 30
    assert all(size(text.rstrip("\n")) <= 500 for text in texts)


def turns(example: Instruction) -> str:
    (message,) = json.loads(example.messages)
    assert message["role"] == "document"
    return str(message["content"])
