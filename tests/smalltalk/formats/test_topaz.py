from pathlib import Path

from llmlab.smalltalk.formats.topaz import read_topaz

FIXTURE = Path(__file__).parents[1] / "fixtures" / "formats" / "topaz.gs"


def test_methods_and_definitions():
    reading = read_topaz(FIXTURE.read_text(encoding="utf-8"))
    (ledger,) = reading.classes
    assert (ledger.category, ledger.comment) == ("Fixtures-Money", "I add up. Don't I?")
    assert [(each.protocol, each.selector) for each in ledger.methods] == [
        ("opening", "open:"),
        ("adding", "add:"),
        ("closing", "close"),
    ]
    assert "\n % inside a line is no end" in ledger.methods[0].source
    assert reading.skipped == {"do-it": 1}


def test_a_script_that_is_cut_short():
    reading = read_topaz("category: 'x'\nmethod: Foo\nbar\n\t^ 1")
    assert reading.classes[0].methods[0].source == "bar\n\t^ 1"
    assert reading.skipped == {"block without an end": 1}
