import json
from collections.abc import Callable

from llmlab.artifacts.documents import Document
from llmlab.corpus.code import read_code
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.smalltalk.rendering import parse_rendered

Make = Callable[..., Document]
COUNTER = """"
I count.
"
Class {
	#name : 'Counter',
	#superclass : 'Object',
	#instVars : [ 'count' ],
	#category : 'Demo-Core'
}

{ #category : 'counting' }
Counter >> increment [
	count := count + 1
]
"""
BROKEN = """
{ #category : 'counting' }
Counter >> broken [
	^ count + + := )
]
"""


def code(make: Make, text: str, **more: str) -> Document:
    return make(text, lang="smalltalk", kind="code", **more)


def test_a_class_is_rendered_with_its_facts(make: Make) -> None:
    raw = code(make, COUNTER, path="Demo/Counter.class.st", license="MIT", group="Demo")
    (outcome,) = read_code(raw)
    assert isinstance(outcome, Kept)
    document = outcome.document
    assert document.text.startswith("Class { #name : #Counter")
    assert parse_rendered(document.text).methods[0].selector == "increment"
    facts = {"dialect": "unknown", "class": "Counter", "superclass": "Object", "package": "Demo-Core"}
    assert json.loads(document.meta) == facts
    assert document.id != raw.id
    assert (document.path, document.license, document.group) == (raw.path, raw.license, raw.group)


def test_the_dialect_of_the_source_stays(make: Make) -> None:
    raw = Document(**{**code(make, COUNTER).__dict__, "meta": '{"dialect": "pharo"}'})
    (outcome,) = read_code(raw)
    assert json.loads(outcome.document.meta)["dialect"] == "pharo"


def test_a_broken_method_is_dropped_as_a_fragment(make: Make) -> None:
    dropped, kept = read_code(code(make, COUNTER + BROKEN, path="p"))
    assert isinstance(kept, Kept)
    assert "broken" not in kept.document.text
    assert isinstance(dropped, Dropped)
    assert (dropped.stage, dropped.reason, dropped.fragment) == ("clean", "broken method", True)
    assert "count + + :=" in dropped.document.text
    assert dropped.detail
    assert json.loads(dropped.document.meta) == {"class": "Counter", "side": "instance"}
    assert dropped.document.path == "p"


def reasons(make: Make, text: str) -> list[str]:
    outcomes = list(read_code(code(make, text)))
    assert all(isinstance(outcome, Dropped) for outcome in outcomes)
    return [outcome.reason for outcome in outcomes if isinstance(outcome, Dropped)]


def test_what_is_dropped_whole(make: Make) -> None:
    assert reasons(make, "Object subclass: #Foo\n!Foo methodsFor: 'x'!\nbar ^ 1! !") == ["unknown format"]
    assert reasons(make, "Package { #name : 'Demo' }") == ["unknown format"]
    assert reasons(make, "PROGRAM x END_VAR") == ["unknown format"]
    assert reasons(make, "Class { #name : 'X', #superclass : 'Object' }") == ["class without methods and comment"]
    assert reasons(make, "Class { #superclass ; }") == ["broken class definition"]


def test_a_class_of_broken_methods_only_is_dropped_with_them(make: Make) -> None:
    header = "Class { #name : 'Counter', #superclass : 'Object' }\n"
    assert reasons(make, header + BROKEN) == ["broken method", "class without methods and comment"]
