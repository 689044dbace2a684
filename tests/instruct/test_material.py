from collections.abc import Callable

import pytest

from llmlab.artifacts.documents import Document
from llmlab.smalltalk.nodes import walk
from llmlab.smalltalk.rendering import render_method

from .turns import materials

HEADER = "Class { #name : #A, #superclass : #B, #instVars : [ 'x' ], #classVars : [ 'Y' ] }"


def test_the_text_is_the_method_of_the_document(classes: list[Document]) -> None:
    for document in classes:
        for material in materials(document):
            assert render_method(material.record).endswith(material.text)
            assert document.text.startswith(f"{material.header}\n")


def test_a_place_in_the_source_is_found_in_the_text(classes: list[Document]) -> None:
    for document in classes:
        for material in materials(document):
            for node in walk(material.tree):
                if node.start >= material.stop and node.stop > node.start:
                    start, stop = material.place(node.start), material.place(node.stop)
                    assert material.text[start:stop] == material.source[node.start : node.stop]


@pytest.mark.parametrize(
    ("method", "known", "alone", "constant"),
    [
        ("A >> b [\n\t^ x\n]", True, False, False),
        ("A >> b [\n\t^ Y\n]", True, False, False),
        ("A >> b [\n\t^ y\n]", False, False, False),
        ("A class >> b [\n\t^ x\n]", False, False, False),
        ("A >> b: c [\n\t^ c + self d\n]", True, True, False),
        ("A >> b [\n\t^ 3\n]", True, True, True),
        ("A >> b [\n\t^ #(1 2)\n]", True, True, True),
        ("A >> b [\n]", True, True, True),
    ],
)
def test_what_can_be_seen_of_a_method(
    make: Callable[..., Document], method: str, known: bool, alone: bool, constant: bool
) -> None:
    (material,) = materials(make(f"{HEADER}\n\n{method}\n", "smalltalk", "code"))
    assert (material.has_known_names(), material.stands_alone(), material.is_constant()) == (known, alone, constant)


@pytest.mark.parametrize(
    ("name", "superclass", "selector", "expected"),
    [
        ("A", "TestCase", "testB", True),
        ("ATest", "B", "testB", True),
        ("A", "B", "testB", False),
        ("ATest", "TestCase", "setUp", False),
    ],
)
def test_a_test_is_a_method_so_named_of_a_class_of_tests(
    make: Callable[..., Document], name: str, superclass: str, selector: str, expected: bool
) -> None:
    header = f"Class {{ #name : #{name}, #superclass : #{superclass}, #instVars : [ ], #classVars : [ ] }}"
    (material,) = materials(make(f"{header}\n\n{name} >> {selector} [\n\tself b\n]\n", "smalltalk", "code"))
    assert material.is_test() is expected


def test_the_comment_is_the_one_that_the_body_opens_with(make: Callable[..., Document]) -> None:
    body = 'A >> b [\n\t"Say ""b""."\n\n\t^ self "not me"\n]\n\nA >> c [\n\t^ self "nor me"\n]'
    first, second = materials(make(f"{HEADER}\n\n{body}\n", "smalltalk", "code"))
    assert (first.comment_text(), second.comment_text()) == ('Say "b".', "")
