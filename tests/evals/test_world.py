import pytest

from llmlab.artifacts.documents import Document
from llmlab.evals.world import World, make_world, shape_of
from llmlab.smalltalk.parser import parse_method
from llmlab.smalltalk.records import ClassRecord

from .conftest import document

TEXT = """Class { #name : #Bank, #superclass : #Object, #instVars : [ 'accounts' ], #classVars : [ 'Rate' ] }

Bank class >> default [
	^ self new
]

Bank >> open [
	^ Ledger at: Rate put: accounts size
]
"""
BANK = ClassRecord(name="Bank", superclass="Object", instance_variables=("accounts",), class_variables=("Rate",))


@pytest.fixture(scope="module")
def world(test_documents: list[Document]) -> World:
    return make_world([document(TEXT, "smalltalk", "code"), document("Prose.", "english")], test_documents)


@pytest.mark.parametrize(
    ("source", "sound"),
    [
        ("a\n\t^ accounts", True),
        ("a\n\t^ Rate + Ledger size", True),  # a class variable, and a name that training code uses
        ("a\n\t^ Vault new", True),  # a held-out class
        ("a\n\t^ Transcript show: OrderedCollection new size printString", True),
        ("a: x\n\t^ [ :y | | z | z := x + y ]", True),
        ("a\n\t^ total", False),
        ("a\n\t^ Elsewhere new", False),
        ("a: x\n\tx := 3", False),
        ("a\n\t| t t |\n\t^ t", False),
        ("a\n\tself := 3", False),
    ],
)
def test_sound_names(source: str, sound: bool, world: World) -> None:
    assert world.is_sound(parse_method(source), BANK, "instance") is sound


def test_the_class_side_has_other_variables(world: World) -> None:
    assert not world.is_sound(parse_method("a\n\t^ accounts"), BANK, "class")
    assert world.is_sound(parse_method("a\n\t^ Rate"), BANK, "class")


def test_sends_of_training_code_are_counted_by_shape_and_receiver(world: World) -> None:
    counts = world.counts
    assert counts[("keyword", 2), None] == {"at:put:": 1}
    assert counts[("unary", 1), "variable"] == {"size": 1}
    assert counts[("unary", 1), "self"] == {"new": 1}
    assert counts[("unary", 1), None] == {"size": 1, "new": 1}


@pytest.mark.parametrize(
    ("selector", "shape"),
    [("size", ("unary", 1)), ("+", ("binary", 1)), ("at:", ("keyword", 1)), ("at:put:", ("keyword", 2))],
)
def test_shapes(selector: str, shape: tuple[str, int]) -> None:
    assert shape_of(selector) == shape
