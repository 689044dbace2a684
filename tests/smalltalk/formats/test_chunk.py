from pathlib import Path

import pytest

from llmlab.smalltalk.formats.chunk import read_chunks
from llmlab.smalltalk.records import ClassRecord, MethodRecord

FOLDER = Path(__file__).parents[1] / "fixtures" / "formats"


def classes(name: str) -> dict[str, ClassRecord]:
    return {each.name: each for each in read_chunks((FOLDER / name).read_text(encoding="utf-8")).classes}


def methods(name: str, owner: str) -> dict[str, MethodRecord]:
    return {each.selector: each for each in classes(name)[owner].methods}


def test_doubled_bangs_are_single_everywhere():
    found = methods("squeak.st", "Meadow")
    assert found["count"].source == 'count\n\t"How many?! No: how many!"\n\t^ flowers _ flowers ifNil: [0]'
    assert found["shout"].source == "shout\n\tTranscript show: 'Bloom!'; show: $! asString"
    assert classes("squeak.st")["Meadow"].comment == "I am a meadow! I know my flowers."


def test_stamps_protocols_and_loose_methods():
    found = methods("squeak.st", "Meadow")
    assert {each.protocol for each in found.values()} == {"counting", "instance creation"}
    assert found["shout"].stamp == "ab 5/1/2021 10:02"
    loose = classes("squeak.st")["Integer"]
    assert (loose.kind, loose.superclass, loose.methods[0].protocol) == ("extension", "", "*fixtures")


def test_old_gnu_files_keep_their_bangs():
    found = methods("gnu_bang.st", "Bell")
    assert found["ring"].source.endswith("^'Ding! Dong!!'")
    assert found["stop"].source == "stop\n    ^$!"
    assert classes("gnu_bang.st")["Bell"].comment == "I ring!"


def test_dolphin_tells_protocols_afterwards():
    found = methods("dolphin.cls", "Fixtures.Harbour")
    assert [each.protocol for each in found.values()] == ["private", "docking", "instance creation"]
    record = classes("dolphin.cls")["Fixtures.Harbour"]
    assert (record.category, record.comment) == ("Fixtures-Sea", "I hold ships, don't I?!")
    assert methods("dolphin.pax", "Number")["fathoms"].protocol == "converting"


def test_vast_tells_protocols_in_expressions():
    reading = read_chunks((FOLDER / "vast.app").read_text(encoding="utf-8"))
    assert [(each.selector, each.protocol) for each in reading.classes[0].methods] == [
        ("hot", "instance creation"),
        ("bake:", "baking"),
        ("bread", "public"),
        ("cool", "private"),
    ]
    # What is left: the application, its default and the two that are sent when it is loaded.
    assert reading.skipped == {"do-it": 5}


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        # Applications of ENVY, once a shell around VisualWorks, and today around VAST.
        (
            "'From VisualWorks(R)'!\n\nA becomeDefault!\n\n!B publicMethodsFor: 'x'!\nb ^1! !",
            "visualworks",
        ),
        ("A class categoriesFor: #b are: #('x')!\n\n!A class publicMethods !\nb ^1! !", "vast"),
        ("!A class methodsFor!\nb ^1! !\n!A class categoriesFor: #b!public! !", "dolphin"),
        # Amber before its packages had a line of their own.
        ("Object subclass: #B\n\tinstanceVariableNames: 'a'\n\tpackage: 'P'!\n\n!B methodsFor: 'x'!\nb ^1! !", "amber"),
    ],
)
def test_whose_chunks_they_are(text, dialect):
    reading = read_chunks(text)
    assert reading.dialect == dialect
    assert [each.selector for each in reading.classes[0].methods] == ["b"]


def test_a_change_set_is_followed():
    reading = read_chunks((FOLDER / "changes.cs.st").read_text(encoding="utf-8"))
    assert [each.source for each in reading.classes[0].methods] == ["shake\n\t^2"]
    assert reading.skipped == {"older version of a method": 1, "removal": 1}


def test_traits_and_private_classes():
    found = classes("pharo.st")
    assert (found["TWarm"].kind, found["TWarm"].traits) == ("trait", ("TOne", "TTwo"))
    assert [each.side for each in found["TWarm"].methods] == ["instance", "class"]
    assert classes("fluid.st")["Spindle"].category == "Fixtures-Tools"
    inner = classes("stx.st")["Loom::Shuttle"]
    assert (inner.superclass, inner.methods[0].selector) == ("Object", "throw")


@pytest.mark.parametrize(
    ("text", "selectors", "skipped"),
    [
        # One bang too few at the end of a list, and none at the end of the text.
        ("!A methodsFor: 'x'!\na ^1! \n\n!A methodsFor: 'y'!\nb ^2! !", ["a", "b"], {}),
        ("!A methodsFor: 'x'!\na ^1", ["a"], {"list of methods without an end": 1}),
        # An empty list, and one bang too many.
        ("!A methodsFor: 'x'! !\n!A methodsFor: 'y'!\nb! ! !", ["b"], {}),
        # The comment is one chunk, even where it looks like a reader.
        ("!A commentStamp: 's' prior: 0!\nA methodsFor: 'x'!\n\n!A methodsFor: 'y'!\nb! !", ["b"], {}),
        ("!A methodsFor!\na! !\n\nA foo!\n", ["a"], {"do-it": 1}),
    ],
)
def test_unusual_bangs(text, selectors, skipped):
    reading = read_chunks(text)
    assert [each.selector for record in reading.classes for each in record.methods] == selectors
    assert reading.skipped == skipped
    assert reading.broken == ()


def test_what_is_no_method_is_set_aside():
    reading = read_chunks("!A methodsFor: 'x'!\n^ 3 + 4!\n'text'!\ngood! !")
    assert [each.source for each in reading.broken] == ["^ 3 + 4", "'text'"]
    assert [each.selector for each in reading.classes[0].methods] == ["good"]
