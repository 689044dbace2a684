import random

import pytest

from llmlab.artifacts.documents import Document
from llmlab.instruct.bugs import can_be_mended, fixes
from llmlab.smalltalk.nodes import same_tree
from llmlab.smalltalk.parser import is_valid_method, parse_method

from .turns import asker, materials, turns_of

BEGINNING = "This Smalltalk method has a defect. Name it and mend it.\n\n"


def parts(document: Document, altered: float = 0.5, seed: int = 1) -> list[tuple[str, str, str]]:
    """Broken method, named defect, mended method; methods as plain source."""
    found = []
    rng = random.Random(seed)
    for material in materials(document):
        for example in fixes(material, document.id, asker(1.0), rng, altered):
            question, answer = turns_of(example)
            defect, mended = answer.split(".\n\n", 1)
            assert mended == material.text
            found.append((plain(question.removeprefix(BEGINNING), material.holder), defect, material.source))
    return found


def plain(text: str, holder: str) -> str:
    """Source again: without the holder and the method's brackets."""
    pattern, body = text.removeprefix(f"{holder} >> ").split(" [", 1)
    return pattern + body.removesuffix("\n]")


def test_what_is_mended_parses_and_what_is_broken_is_not_it(classes: list[Document]) -> None:
    for document in classes:
        for broken, _, mended in parts(document):
            assert is_valid_method(mended)
            assert broken != mended


@pytest.mark.parametrize(("altered", "least", "most"), [(0.0, 0.0, 0.0), (0.5, 0.25, 0.5), (1.0, 0.5, 1.0)])
def test_the_share_of_bugs_that_parse_is_as_told(
    classes: list[Document], altered: float, least: float, most: float
) -> None:
    """Not every method offers a bug that still parses; then one that breaks it takes its place."""
    parsing = total = 0
    for document in classes:
        for broken, _, mended in parts(document, altered):
            total += 1
            if is_valid_method(broken):
                parsing += 1
                assert not same_tree(parse_method(broken), parse_method(mended))
    assert total > 100
    assert least <= parsing / total <= most


def test_every_defect_can_be_mended_by_who_sees_only_the_method(classes: list[Document]) -> None:
    for document in classes:
        for broken, defect, mended in parts(document):
            assert can_be_mended(mended, broken, keywords=not is_valid_method(broken))
            assert "off by one" not in defect
            assert "assert:equals:" not in defect


@pytest.mark.parametrize(
    ("source", "broken", "keywords", "expected"),
    [
        ("a\n\t^ 4", "a\n\t^ 3", True, False),
        ("a\n\tb at: 1 put: c", "a\n\tb at: 1 put:", True, False),
        ("a\n\tb := $,", "a\n\tb :=", True, False),
        ("a\n\tb := c", "a\n\tc := b", True, True),
        ("a\n\tb c ifTrue: [ d ]", "a\n\tb c ifFalse: [ d ]", False, True),
        ("a\n\tb c ifTrue: [ d ]", "a\n\tb c ifFalse: [ d ]", True, False),
        ("a\n\t^ (b)", "a\n\t^ (b", True, True),
        ("a\n\tb:=c", "a\n\tb:=c)", True, True),
    ],
)
def test_what_is_lost_cannot_be_mended(source: str, broken: str, keywords: bool, expected: bool) -> None:
    assert can_be_mended(source, broken, keywords=keywords) is expected


def test_the_defect_is_a_sentence(classes: list[Document]) -> None:
    for document in classes:
        for _, defect, _ in parts(document):
            assert defect[0].isupper()
            assert 10 < len(defect) < 200


def test_the_generator_fixes_the_defects(classes: list[Document]) -> None:
    document = max(classes, key=lambda each: len(each.text))
    assert parts(document, seed=1) == parts(document, seed=1)
    assert parts(document, seed=1) != parts(document, seed=2)
