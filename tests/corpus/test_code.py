import json
from collections.abc import Callable

from llmlab.artifacts.documents import Document
from llmlab.corpus.code import read_code
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.smalltalk.rendering import parse_parts, parse_rendered

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


def test_comments_of_stx_are_rendered_with_an_end(make: Make) -> None:
    text = (
        "\"{ Package: 'demo' }\"!\n\nObject subclass:#A\n\tinstanceVariableNames:'n'\n\tclassVariableNames:''\n"
        "\tpoolDictionaries:''\n\tcategory:'Demo'\n!\n\n!A methodsFor:'x'!\n\n"
        'count\n\t"/ it\'s ] not counted\n\t^ n "/ here\n! !\n'
    )
    (outcome,) = read_code(code(make, text, path="A.st"))
    assert isinstance(outcome, Kept)
    (method,) = parse_rendered(outcome.document.text).methods
    assert method.source == 'count\n\t"/ it\'s ] not counted"\n\t^ n "/ here"'


def test_methods_of_javascript_are_dropped(make: Make) -> None:
    text = (
        "Smalltalk createPackage: 'Demo'!\nObject subclass: #A\n\tinstanceVariableNames: 'n'\n\tpackage: 'Demo'!\n\n"
        "!A methodsFor: 'x'!\nlength\n\t<return self['length']>\n!\nn\n\t^ n < 3\n! !\n"
    )
    *dropped, kept = read_code(code(make, text, path="A.st"))
    assert [each.reason for each in dropped if isinstance(each, Dropped)] == ["do-it", "inline JavaScript"]
    assert isinstance(kept, Kept)
    assert [each.selector for each in parse_rendered(kept.document.text).methods] == ["n"]


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
    assert reasons(make, "Package { #name : 'Demo' }") == ["package without code"]
    assert reasons(make, "PROGRAM x END_VAR") == ["not Smalltalk: structured text"]
    assert reasons(make, "3 printNl") == ["unknown format"]
    assert reasons(make, "Class { #name : 'X', #superclass : 'Object' }") == ["class without methods and comment"]
    assert reasons(make, "Class { #superclass ; }") == ["broken class definition"]


def test_a_class_of_broken_methods_only_is_dropped_with_them(make: Make) -> None:
    header = "Class { #name : 'Counter', #superclass : 'Object' }\n"
    assert reasons(make, header + BROKEN) == ["broken method", "class without methods and comment"]


CHUNKS = """'From Squeak5.3 of 1 March 2020'!
Object subclass: #Shelf
	instanceVariableNames: 'books'
	classVariableNames: ''
	poolDictionaries: ''
	category: 'Demo-Core'!
!Shelf commentStamp: '' prior: 0!
Copyright (c) 2020 Somebody

I hold books.!

!Shelf methodsFor: 'counting' stamp: 'ab 1/1/2020'!
count
	^books _ books ifNil: [0]!

broken
	^ 3 +!

outside
	<cdecl: long 'f' (long)>
	^self! !

Object subclass: #Bare
	instanceVariableNames: ''
	classVariableNames: ''
	poolDictionaries: ''
	category: 'Demo-Core'!

!Integer methodsFor: '*demo' stamp: ''!
shelves
	^(1 to: self) collect: [:each | Shelf new]! !

Shelf initialize!
"""


def test_a_chunk_file_gives_a_document_for_each_class(make: Make) -> None:
    raw = code(make, CHUNKS, path="Shelf.st", group="Demo")
    outcomes = list(read_code(raw, boilerplate=True))
    kept = [each for each in outcomes if isinstance(each, Kept)]
    dropped = [each for each in outcomes if isinstance(each, Dropped)]
    assert [each.part for each in outcomes if not (isinstance(each, Dropped) and each.fragment)] == [1, 2, 3]
    assert [parse_rendered(each.document.text).name for each in kept] == ["Shelf", "Integer"]
    assert "^books := books" in kept[0].document.text
    assert '"I hold books."' in kept[0].document.text
    assert json.loads(kept[1].document.meta) == {
        **{"class": "Integer", "dialect": "squeak", "format": "chunk"},
        **{"package": "Demo", "superclass": ""},
    }
    assert {each.reason for each in dropped} == {
        *("do-it", "broken method", "foreign call", "class without methods and comment"),
    }
    assert [each.reason for each in dropped if not each.fragment] == ["class without methods and comment"]


def test_the_dialect_that_the_source_states_counts(make: Make) -> None:
    raw = Document(**{**code(make, CHUNKS).__dict__, "meta": '{"dialect": "pharo"}'})
    kept = [each for each in read_code(raw) if isinstance(each, Kept)]
    # Pharo knows no underscore assignment, so the method is broken there.
    assert "books :=" not in kept[0].document.text
    assert json.loads(kept[0].document.meta)["dialect"] == "pharo"


def test_a_long_class_goes_on_under_its_header(make: Make) -> None:
    more = "".join(f"\nCounter >> step{number} [\n\t^ count + {number}\n]\n" for number in range(20))
    kept = list(read_code(code(make, COUNTER + more), max_chars=400))
    assert [each.part for each in kept] == list(range(1, len(kept) + 1))
    assert len(kept) > 2
    texts = [each.document.text for each in kept]
    assert all(len(text) <= 400 and text.startswith("Class { #name : #Counter") for text in texts)
    (whole,) = read_code(code(make, COUNTER + more))
    assert parse_parts(texts) == parse_rendered(whole.document.text)


def test_a_method_that_was_set_aside_before_is_dropped_here(make: Make) -> None:
    raw = Document(**{**code(make, "foo ^ [").__dict__, "meta": '{"broken": "no end"}'})
    (dropped,) = read_code(raw)
    assert isinstance(dropped, Dropped)
    assert (dropped.reason, dropped.detail, dropped.fragment) == ("broken method", "no end", False)
