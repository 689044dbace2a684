import random
from collections.abc import Callable, Iterator

import pytest

from llmlab.artifacts.documents import Document
from llmlab.instruct.base import Instruction
from llmlab.instruct.material import Material
from llmlab.instruct.methods import completions, cut, openings, signatures
from llmlab.smalltalk.measure import undeclared
from llmlab.smalltalk.parser import parse_method
from llmlab.smalltalk.rendering import method_end, parse_rendered

from .turns import asker, materials, turns_of

BEGINNING = "Complete this Smalltalk method.\n\n"


def opened(material: Material, document: str, ask: object) -> Iterator[Instruction]:
    return openings(material, document, ask, random.Random(material.source))  # type: ignore[arg-type]


KINDS = [("completion", completions, True), ("signature", signatures, False), ("opening", opened, True)]


@pytest.mark.parametrize(("kind", "make_examples", "headed"), KINDS)
def test_question_and_answer_together_are_the_method_of_the_class(
    classes: list[Document], kind: str, make_examples: Callable[..., Iterator[Instruction]], headed: bool
) -> None:
    seen = 0
    for document in classes:
        for material in materials(document):
            for example in make_examples(material, document.id, asker(1.0)):
                question, answer = turns_of(example)
                text = question.removeprefix(BEGINNING) + answer
                assert text == (f"{material.header}\n\n" if headed else "") + material.text
                assert answer.endswith("\n]")
                assert (example.lang, example.kind, example.document) == ("smalltalk", kind, document.id)
                seen += 1
    assert seen > 40


def test_every_variable_of_an_answer_is_declared_in_the_question(classes: list[Document]) -> None:
    for document in classes:
        record = parse_rendered(document.text)
        known = {*record.instance_variables, *record.class_variables, *record.class_instance_variables}
        for material in materials(document):
            if any(completions(material, "d", asker(1.0))):
                assert not undeclared(parse_method(material.source), known)
            if any(signatures(material, "d", asker(1.0))):
                assert not undeclared(parse_method(material.source), ())


def rendered(make: Callable[..., Document], header: str, *methods: str) -> list[Material]:
    return materials(make("\n\n".join([header, *methods]) + "\n", "smalltalk", "code"))


def test_riddles_are_not_asked(make: Callable[..., Document]) -> None:
    """A variable of a superclass, a bare constant, a test: nobody could write them from what is shown."""
    header = "Class { #name : #A, #superclass : #B, #instVars : [ 'x' ], #classVars : [ ] }"
    bodies = {"a": "^ x", "b": "^ inherited", "c": "^ 3", "d": "^ #(1 2)", "e": "^ self a + 3"}
    methods = rendered(make, header, *(f"A >> {name} [\n\t{body}\n]" for name, body in bodies.items()))
    asked = [each.record.selector for each in methods if any(completions(each, "d", asker(1.0)))]
    alone = [each.record.selector for each in methods if any(signatures(each, "d", asker(1.0)))]
    assert (asked, alone) == (["a", "e"], ["e"])
    tests = rendered(make, header.replace("#B", "#TestCase"), "A >> testX [\n\tself assert: x\n]")
    assert not any(any(completions(each, "d", asker(1.0))) for each in tests)


def test_the_comment_of_a_method_belongs_to_the_question(make: Callable[..., Document]) -> None:
    header = "Class { #name : #A, #superclass : #B, #instVars : [ ], #classVars : [ ] }"
    (material,) = rendered(make, header, 'A >> b: c [\n\t"Answer c."\n\n\t^ c\n]')
    assert cut(material) == ('A >> b: c [\n\t"Answer c."\n\n', "\t^ c\n]")
    assert method_end(material.body, 0) == len(material.body)


def test_one_to_eight_tokens_are_shown(classes: list[Document]) -> None:
    for document in classes:
        for material in materials(document):
            for example in opened(material, "d", asker(1.0)):
                shown = turns_of(example)[0].partition(material.signature)[2]
                code = shown.replace(material.comment().text, "") if material.comment() else shown  # type: ignore[union-attr]
                assert code.strip()
                assert len(code.split()) <= 8
