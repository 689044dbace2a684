from pathlib import Path

import pytest

from llmlab.smalltalk.formats.gnu import read_gnu

FIXTURE = Path(__file__).parents[1] / "fixtures" / "formats" / "gnu.st"


def test_class_facts_and_protocols():
    reading = read_gnu(FIXTURE.read_text(encoding="utf-8"))
    mill, sluice = reading.classes
    assert (mill.category, mill.comment) == ("Fixtures-Water", "I grind > and don't stop")
    assert {each.selector: each.protocol for each in mill.methods} == {
        **{"turning:": "instance creation", "all": "", "turn:": "grinding", ",": "joining", "|": "", "->": ""},
        **{"rest": "", "fresh": "", "newest": "", "oldest": ""},
    }
    assert (sluice.name, sluice.instance_variables, sluice.methods) == ("Sluice", ("gate",), ())
    assert reading.skipped == {"do-it": 1}


def test_sources_are_without_brackets_and_category():
    (mill, _) = read_gnu(FIXTURE.read_text(encoding="utf-8")).classes
    sources = {each.selector: each.source for each in mill.methods}
    assert sources["turning:"] == "turning: n ^self new turn: n"
    assert sources["turn:"] == ("turn: n\n\t\"A ] in a comment.\"\n\n\twheel := $].\n\t^#($[ 'a!b' ']') size > n")
    assert sources["rest"] == "rest ^wheel := nil"


@pytest.mark.parametrize(
    ("text", "selectors", "skipped", "broken"),
    [
        ("Foo extend [ a [ ^'[' ] b [ ^$[ ] ]", ["a", "b"], {}, 0),
        ("Foo extend [ a [ ^1 ] b [ ^2", ["a"], {"class body without an end": 1}, 1),
        ("Foo extend [ 3 foo. a [ ] ]", ["a"], {"statement in a class body": 1}, 0),
        ("Foo class >> a: x [ ] 3 printNl. Foo >> b [ ]", ["a:", "b"], {"do-it": 1}, 0),
        ("Foo extend [ a [ ^x[y] ] ] ]]] Bar extend [ b [ ] ]", ["a", "b"], {}, 0),
        ("Foo extend [ <category: 'x'> at: i [ <category: 'it''s'> ] ]", ["at:"], {}, 0),
    ],
)
def test_odd_bodies(text, selectors, skipped, broken):
    reading = read_gnu(text)
    assert [each.selector for record in reading.classes for each in record.methods] == selectors
    assert dict(reading.skipped) == skipped
    assert len(reading.broken) == broken
