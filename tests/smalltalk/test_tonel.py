from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.smalltalk.parser import is_valid_method
from llmlab.smalltalk.records import ClassRecord, MethodRecord
from llmlab.smalltalk.tonel import TonelError, is_tonel, read_class, write_class


@pytest.fixture(scope="module")
def nasty(fixtures):
    record, broken = read_class((fixtures / "NastyMethods.class.st").read_text(encoding="utf-8"))
    assert broken == []
    return record


def test_header_and_comment(nasty):
    assert (nasty.name, nasty.superclass, nasty.category, nasty.kind) == (
        "NastyMethods",
        "Object",
        "Lab-Nasty",
        "class",
    )
    assert nasty.instance_variables == ("plain", "#slot => WeakSlot", "it's")
    assert nasty.class_variables == ("Registry",)
    assert nasty.class_instance_variables == ("instances",)
    assert nasty.comment.startswith("I hold what trips a reader that counts brackets. I say \"hello\", I say 'it''s'")
    assert nasty.comment.endswith("Class { #name : 'NotMe' }")


def test_every_nasty_method_is_found(nasty):
    assert [(each.side, each.protocol, each.selector) for each in nasty.methods] == [
        ("class", "comparing", ">>"),
        ("class", "instance creation", "new"),
        ("instance", "brackets", "bracketsInStrings"),
        ("instance", "brackets", "bracketsAsCharacters"),
        ("instance", "brackets", "nested"),
        ("instance", "layout", "at:put:"),
        ("instance", "layout", "oneLine"),
        ("instance", "", "uncategorised"),
        ("instance", "layout", "<"),
        ("instance", "layout", "looksLikeAHeader"),
    ]


def test_sources_are_pattern_and_body(nasty):
    sources = {each.selector: each.source for each in nasty.methods}
    assert sources[">>"] == ">> other\n\t^ other == self"
    assert sources["oneLine"] == "oneLine ^ 1"
    assert sources["uncategorised"] == "uncategorised"
    assert sources["at:put:"].startswith('at: index\n\tput: value\n\t"the pattern')
    assert all(is_valid_method(each) for each in sources.values())


def test_old_style_trait(fixtures):
    record, broken = read_class((fixtures / "OldStyle.trait.st").read_text(encoding="utf-8"))
    assert (record.name, record.kind, record.category, record.superclass) == ("TOldStyle", "trait", "Lab-Nasty", "")
    assert [(each.side, each.selector, each.protocol) for each in record.methods] == [
        ("class", "default", "accessing"),
        ("instance", "*", "as yet unclassified"),
        ("class", "isOld", "testing"),
    ]
    assert broken == []
    assert "TOldStyle classTrait >> default [" in write_class(record)


def test_extension(fixtures):
    record, broken = read_class((fixtures / "Integer.extension.st").read_text(encoding="utf-8"))
    assert (record.name, record.kind, record.superclass, broken) == ("Integer", "extension", "", [])
    assert [each.side for each in record.methods] == ["instance", "class"]


def test_broken_methods_are_set_aside_and_the_rest_kept(fixtures):
    record, broken = read_class((fixtures / "PartlyBroken.class.st").read_text(encoding="utf-8"))
    assert [each.selector for each in record.methods] == [
        "goodFirst",
        "goodAfterMissing",
        "goodAfterString",
        "goodLast",
    ]
    assert [each.source.split()[0] for each in broken] == [
        "missingBracket",
        "openString",
        "tooMany",
        "noOperand",
        "noOpening",
    ]
    assert [each.side for each in broken][:4] == ["instance", "instance", "instance", "class"]
    assert all(each.class_name == "PartlyBroken" and each.error for each in broken)
    assert broken[2].error == "there is text after the method's closing bracket"
    assert broken[3].error == "line 2: expected an operand, found the end of the text"
    assert "line 43 of the file" in broken[4].error


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected 'Class {'.*the end of the text"),
        ("Object subclass: #Foo", "line 1: expected 'Class {'"),
        ("Package { #name : 'P' }", "line 1: expected 'Class {'"),
        ("\n\nClass {\n\t#name 'Foo' }", "line 4: expected a colon after the key 'name'"),
        ("Class {\n\t#name : 'Foo'\n\t#superclass : 'Object' }", "line 3: expected a comma or the }"),
        ("Class { #superclass : 'Object' }", "line 1: expected a header with the key #name"),
        ("Class { #name : [ 'Foo' ] }", "a string or symbol for #name"),
        ("Class { #name : 'Foo', #instVars : 'a' }", "a list of strings for #instVars"),
        ("Class { #name : 'Foo', #instVars : [ ['a'] ] }", "nothing but strings in the list #instVars"),
        ("Class { #name : 'Foo'", "a comma or the }"),
        ("\"comment that never ends\nClass { #name : 'Foo' }", "line 1: expected 'Class {'"),
    ],
)
def test_a_broken_header_names_line_and_expectation(text, message):
    with pytest.raises(TonelError, match=message):
        read_class(text)


def test_recognition_by_content():
    for text in ("Class { #name : 'A' }", '\ufeff"c"\r\nTrait {', '\n"a ""b"" c" Extension{#name:#A}'):
        assert is_tonel(text)
    for text in ("", "Class", "classes {", "Package { #name : 'P' }", "Object subclass: #A [ ]", "!Foo methodsFor!"):
        assert not is_tonel(text)


def test_line_ends_and_byte_order_mark_do_not_matter():
    text = "\ufeff\"\nI.\n\"\nClass { #name : 'A' }\n\nA >> foo [\n\t^ 1\n]\n"
    assert read_class(text) == read_class(text.replace("\n", "\r\n")) == read_class(text.replace("\n", "\r"))


def test_package_and_tag_stand_in_for_a_category():
    assert read_class("Class { #name : 'A', #package : 'Lab', #tag : 'Core' }")[0].category == "Lab-Core"
    assert read_class("Class { #name : 'A', #category : 'X', #package : 'Lab' }")[0].category == "X"


def test_written_class():
    method = MethodRecord("Counter", "class", "making", "new", "new\n\t^ super new")
    record = ClassRecord("Counter", "Object", ("count", "step"), (), (), "Demo-Core", 'I "count".', "class", (method,))
    assert write_class(record) == (
        '"\nI ""count"".\n"\nClass {\n\t#name : \'Counter\',\n\t#superclass : \'Object\',\n'
        "\t#instVars : [\n\t\t'count',\n\t\t'step'\n\t],\n\t#category : 'Demo-Core'\n}\n\n"
        "{ #category : 'making' }\nCounter class >> new [\n\t^ super new\n]\n"
    )


WORDS = st.sampled_from(["a", "b c", "Lab-Demo", "it's", "é", "x\\y"])
SOURCES = st.sampled_from(
    [
        ("foo", "foo"),
        ("foo", "foo ^ 1"),
        ("foo", "foo^1"),
        ("foo", "foo\n\n\t^ 1"),
        ("foo:", "foo: x \"a ] b\" ^ ']'"),
        ("at:put:", "at: i\n\tput: x\n\t^ [ $] ]"),
        (">>", ">> x\n\t^ $ "),
        ("foo", '"before" foo   \n\t^ #($[)'),
    ]
)


@st.composite
def records(draw):
    name = draw(st.sampled_from(["Foo", "TBar", "Été"]))
    methods = [
        MethodRecord(name, draw(st.sampled_from(["class", "instance"])), draw(WORDS | st.just("")), *draw(SOURCES))
        for _ in range(draw(st.integers(0, 3)))
    ]
    lists = [tuple(draw(st.lists(WORDS, max_size=2))) for _ in range(3)]
    kind = draw(st.sampled_from(["class", "trait", "extension"]))
    superclass = draw(st.sampled_from(["", "Object", "Kernel.Foo"]))
    comment = draw(st.text(alphabet="ab \"\n'[]", max_size=8))
    return ClassRecord(name, superclass, *lists, draw(WORDS | st.just("")), comment, kind, tuple(methods))


@given(records())
def test_written_classes_read_back(record):
    assert read_class(write_class(record)) == (record, [])


@given(st.data())
def test_damaged_files_never_crash(fixtures, data):
    text = (fixtures / "NastyMethods.class.st").read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 30))
    damaged = text[:start] + data.draw(st.text(alphabet="[]'\"{}#$\n >", max_size=3)) + text[start + length :]
    # TonelError is the one error allowed, and only for the header.
    with suppress(TonelError):
        record, _ = read_class(damaged)
        assert all(is_valid_method(each.source) for each in record.methods)


def test_every_bundled_file_reads_with_no_broken_method(bundled_files):
    assert bundled_files, "the bundled Smalltalk is gone"
    faults = {}
    for path in bundled_files:
        text = path.read_text(encoding="utf-8")
        record, broken = read_class(text)
        if broken or not is_tonel(text) or read_class(write_class(record))[0] != record:
            faults[path.name] = broken
    assert faults == {}
