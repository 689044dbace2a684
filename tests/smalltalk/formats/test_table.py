"""Every format from its fixture, look-alikes, and the promise that hostile bytes do no harm."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.smalltalk.formats.reading import Reading, RefusedError
from llmlab.smalltalk.formats.table import FORMATS, read_bytes, read_text

FOLDER = Path(__file__).parents[1] / "fixtures" / "formats"
FILES = sorted(path for path in FOLDER.iterdir() if path.is_file())
# Format, dialect, package, then of each class: kind, name, superclass, variables and selectors by side.
EXPECTED = {
    "squeak.st": (
        "chunk",
        "squeak",
        "",
        "class Meadow<Object flowers,bees|Default|all i:count,shout,first_name: c:new",
    ),
    "pharo.st": ("chunk", "pharo", "", "class Kiln<Object heat|| i:heat c:"),
    "fluid.st": ("chunk", "pharo", "", "class Spindle<Object wool,speed|Registry|made i:spin c:"),
    "cuis.pck.st": ("chunk", "cuis", "Orchard", "class Tree<Object apples||planted i:pick c:"),
    "changes.cs.st": ("chunk", "cuis", "", "class Tree<Object apples,pears|| i:shake c:"),
    "dolphin.cls": (
        "chunk",
        "dolphin",
        "",
        "class Fixtures.Harbour<Core.Object ships|Depth|home i:_failureCode,dock: c:new",
    ),
    "dolphin.pax": ("chunk", "dolphin", "Harbour Extras", "extension Number< || i:fathoms c:"),
    "amber.st": ("chunk", "amber", "Balcony", "class Pot<Object plant,water|| i:pour: c:dry"),
    "st80.sources": ("chunk", "st80", "", "class Slate<Object runs|Key| i:write: c:clean"),
    "stx.st": (
        "chunk",
        "stx",
        "stx:fixtures",
        "class Loom<Object warp,weft|Count| i:weave,beat: c:documentation,version",
    ),
    "vast.app": ("chunk", "vast", "", "class Oven<Object bread|Heat|count i:bake:,bread,cool c:hot"),
    "gnu.st": (
        "gnu",
        "gnu",
        "",
        "class Mill<Object wheel,stones,flour|Speed,Grain|mills i:turn:,,,|,->,rest,oldest c:turning:,all,fresh,newest",
    ),
    "gnu_bang.st": ("gnu bang", "gnu", "", "class Bell<Object tone|| i:ring,stop c:loud"),
    "visualworks.st": (
        "visualworks xml",
        "visualworks",
        "Lantern",
        "class Lantern<Core.Object wick,oil|Default|lit i:dim,glow c:new",
    ),
    "topaz.gs": ("topaz", "gemstone", "", "class Ledger<Object lines,total|Last|open i:add:,close c:open:"),
    "TonelNew.class.st": ("tonel", "unknown", "", "class TonelNew<Object a|| i:go,foreign c:"),
}


def summary(reading: Reading) -> tuple[str, str, str, str]:
    first = reading.classes[0]
    selectors = {side: ",".join(m.selector for m in first.methods if m.side == side) for side in ("instance", "class")}
    names = (first.instance_variables, first.class_variables, first.class_instance_variables)
    variables = "|".join(map(",".join, names))
    text = f"{first.kind} {first.name}<{first.superclass} {variables} i:{selectors['instance']} c:{selectors['class']}"
    return reading.format, reading.dialect, reading.package, text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_fixture_of_each_format(path):
    reading = read_bytes(path.read_bytes(), path.name)
    assert summary(reading) == EXPECTED[path.name]
    assert reading.broken == ()


def test_every_format_has_a_fixture():
    found = {read_bytes(path.read_bytes()).format for path in FILES}
    assert found == {each.name for each in FORMATS} | {"gnu bang"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_line_ends_marks_and_old_end_marks_change_nothing(path):
    data = path.read_bytes()
    expected = read_bytes(data)
    variants = [
        data.replace(b"\n", b"\r"),
        data.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + data,
        data + b"\x1a\x00\x00\x00",
        data.decode().encode("utf-16"),
        b"\n\n" + data,
    ]
    for variant in variants:
        assert read_bytes(variant) == expected


LOOKALIKES = {
    "Account.cls": "not Smalltalk: Apex",
    "Form.cs": "not Smalltalk: C#",
    "Sheet.cls": "not Smalltalk: Visual Basic",
    "letter.cls": "not Smalltalk: TeX",
    "package.st": "package without code",
    "plc.st": "not Smalltalk: structured text",
    "run.st": "not Smalltalk: shell script",
    "script.st": "unknown format",
    "template.st": "not Smalltalk: StringTemplate",
    "words.st": "not Smalltalk: Gettext",
}


@pytest.mark.parametrize("path", sorted((FOLDER / "lookalikes").iterdir()), ids=lambda path: path.name)
def test_a_lookalike_is_refused_with_its_name(path):
    with pytest.raises(RefusedError) as caught:
        read_bytes(path.read_bytes(), path.name)
    assert caught.value.reason == LOOKALIKES[path.name]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b" \n\t", "empty file"),
        (bytes(range(256)) * 20, "binary file"),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00" * 50, "binary file"),
        (b"Class { #name 'Foo' }", "broken class definition"),
        (b"Object subclass: #Foo instanceVariableNames: '' category: nil", "unknown format"),
        (b"!Foo methodsFor: 'x'! !", "no class or method"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><st-source></st-source>', "not Smalltalk: XML"),
        (b'<st-source><!DOCTYPE a [<!ENTITY b "c">]><x/></st-source>', "no class or method"),
        (b"<st-source>" + b"<a>" * 50_000, "XML nested too deep"),
    ],
)
def test_what_gives_nothing_is_refused_with_a_reason(data, reason):
    with pytest.raises(RefusedError) as caught:
        read_bytes(data)
    assert caught.value.reason == reason


def test_documentation_is_refused_by_its_path():
    with pytest.raises(RefusedError, match="documentation"):
        read_text("!Foo methodsFor: 'x'!\nbar ^ 1! !", "docs/guide.md")


@given(st.sampled_from(FILES), st.data())
def test_damaged_files_never_crash(path, data):
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, len(whole)))
    junk = data.draw(
        st.binary(max_size=6) | st.sampled_from([b"!", b"!!", b"'", b'"', b"[" * 40, b"]", b"<a>", b"%\n"])
    )
    damaged = whole[:start] + junk + whole[start + length :]
    assert outcome(damaged)
    with suppress(RefusedError):
        assert all(each.selector for record in read_bytes(damaged).classes for each in record.methods)


def outcome(data: bytes) -> str:
    """The format, or the reason why there is none."""
    try:
        return read_bytes(data).format
    except RefusedError as error:
        return error.reason


HUGE = 200_000


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "!" * HUGE,
        "! " * HUGE,
        "\n" * HUGE + "x",
        " " * HUGE + "x",
        "!Foo methodsFor: 'x'!\n" + "bar ^'" * HUGE,
        "!Foo methodsFor: 'x'!\n" + "a b!" * (HUGE // 10),
        "Object subclass: Foo [" + "[" * HUGE,
        "Object subclass: Foo [" + "a [ " * (HUGE // 20),
        "Object subclass: Foo [" + "Foo class [" * (HUGE // 100),
        "Namespace current: A [" * (HUGE // 100),
        "Object subclass: Foo [ | " + "a " * HUGE,
        "Object subclass: Foo [ <" + "comment: " * (HUGE // 10),
        "Object subclass: #Foo\n" + "(" * HUGE + "!\n!Foo methodsFor: 'x'!\na! !",
        "Class { #name : 'A' }\n" + "A >> foo [ '" * (HUGE // 100),
        "category: 'x'\nmethod: Foo\n" + "a\n" * HUGE + "%\n",
        "'" * HUGE + "!Foo methodsFor: 'x'!\na! !",
        '"' * HUGE + "Foo extend [ a [ ] ]",
        "Foo extend [ " + '"c" ' * HUGE,
        "<st-source>" + "<a></a>" * HUGE,
        "a.b" * HUGE + "\nFoo extend [ a [ ] ]",
    ],
    ids=lambda text: text[:24].replace("\n", " "),
)
def test_hostile_text_takes_no_time(text):
    assert outcome(text.encode())
