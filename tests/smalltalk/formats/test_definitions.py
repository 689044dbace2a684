import pytest

from llmlab.smalltalk.formats.definitions import take_definitions
from llmlab.smalltalk.formats.reading import Gathering
from llmlab.smalltalk.records import ClassRecord


def taken(text: str) -> ClassRecord | None:
    gathering = Gathering()
    take_definitions(text, gathering)
    # A comment keeps an extension that nothing else fills.
    return next(iter(gathering.reading("test").classes), None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Object variableSubclass: #A classVariableNames: 'X Y' instanceVariableNames: 'a  b' category: 'C-D'",
            ClassRecord("A", "Object", ("a", "b"), ("X", "Y"), (), "C-D"),
        ),
        ("nil subclass: #Root instanceVariableNames: ''", ClassRecord("Root")),
        ("Core.Object subclass: #'Kernel.A' imports: #(#{X.Y})", ClassRecord("Kernel.A", "Core.Object")),
        (
            "Object subclass: 'A' instVarNames: #( a #b 'c') classVars: #() classInstVars: #(d) inDictionary: Globals",
            ClassRecord("A", "Object", ("a", "b", "c"), (), ("d",)),
        ),
        (
            "(Object subclass: 'A' instVarNames: #(x)) category: 'C'; comment: 'It''s.'; immediateInvariant",
            ClassRecord("A", "Object", ("x",), category="C", comment="It's."),
        ),
        (
            "Object << #A slots: { #a. #b => Weak with: #no. #c }; package: 'P'",
            ClassRecord("A", "Object", ("a", "b", "c"), category="P"),
        ),
        ("Object << #A", ClassRecord("A", "Object")),
        (
            "Trait named: #T uses: TA + (TB - {#x}) @ {#y -> #z} package: 'P'",
            ClassRecord("T", kind="trait", category="P", traits=("TA", "TB")),
        ),
        ("Object subclass: #A uses: {} package: 'P'", ClassRecord("A", "Object", category="P")),
        ("Object subclass:#A instanceVariableNames:'x' privateIn:B::C", ClassRecord("B::C::A", "Object", ("x",))),
        (
            "Object subclass: #A instanceVariableNames: 'x'. A comment: 'c'. A class instanceVariableNames: 'y'",
            ClassRecord("A", "Object", ("x",), class_instance_variables=("y",), comment="c"),
        ),
        ("Transcript show: 'subclass: #A'", None),
        ("A class comment: 'of the other side'", None),
        ("x subclass: (a subclass: #b", None),
        ("", None),
    ],
)
def test_definitions(text, expected):
    assert taken(text) == expected


def test_a_second_definition_keeps_the_comment():
    record = taken("Object subclass: #A instanceVariableNames: 'x'. A comment: 'c'. Model subclass: #A category: 'D'")
    assert (record.superclass, record.comment, record.instance_variables) == ("Model", "c", ())
