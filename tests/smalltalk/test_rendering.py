from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.smalltalk.arrows import modern_spelling
from llmlab.smalltalk.formats.table import read_bytes
from llmlab.smalltalk.lexer import SmalltalkSyntaxError
from llmlab.smalltalk.nodes import same_tree
from llmlab.smalltalk.parser import is_valid_method, parse_method
from llmlab.smalltalk.records import ClassRecord, MethodRecord
from llmlab.smalltalk.rendering import (
    RenderingError,
    iter_rendered_methods,
    method_end,
    normalised,
    normalised_source,
    parse_parts,
    parse_rendered,
    render_class,
    render_header,
    render_parts,
)
from llmlab.smalltalk.tonel import read_class

FORMATS = sorted(path for path in (Path(__file__).parent / "fixtures" / "formats").iterdir() if path.is_file())
INCREMENT = MethodRecord("Counter", "instance", "counting", "increment", "increment\n\tcount := count + 1")
NEW = MethodRecord("Counter", "class", "instance creation", "new", "new\n\t^ super new setCount: 0")
COUNTER = ClassRecord("Counter", "Object", ("count",), (), (), "Lab-Bank", 'I "count".', "class", (INCREMENT, NEW))

DOCUMENT = """\
Class { #name : #Counter, #superclass : #Object, #instVars : [ 'count' ], #classVars : [ ], #category : #'Lab-Bank' }
"I ""count""."

{ #category : #'instance creation' }
Counter class >> new [
	^ super new setCount: 0
]

{ #category : #counting }
Counter >> increment [
	count := count + 1
]
"""


def test_the_form_of_a_document():
    assert render_class(COUNTER) == DOCUMENT


def test_a_document_reads_back_in_its_own_order():
    assert parse_rendered(DOCUMENT) == replace(COUNTER, methods=(NEW, INCREMENT)) == normalised(COUNTER)


def test_headers_of_the_other_kinds():
    assert render_header(ClassRecord("Foo", kind="extension")) == "Extension { #name : #Foo }"
    assert render_header(ClassRecord("TFoo", category="A", kind="trait")) == "Trait { #name : #TFoo, #category : #A }"
    assert render_header(ClassRecord("A", "B", (), ("X", "Y"), ("z",))) == (
        "Class { #name : #A, #superclass : #B, #instVars : [ ], #classVars : [ 'X', 'Y' ], #classInstVars : [ 'z' ] }"
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("foo ^ 1", "foo\n\t^ 1"),
        ("foo^1", "foo\n\t^1"),
        ("foo", "foo"),
        ("  foo  \n\n\t^ 1 \t\n\n", "foo\n\n\t^ 1"),
        ("foo\r\n\t^ 1\r\n", "foo\n\t^ 1"),
        ("at: i\n\tput:   x\n\t^ x", "at: i put: x\n\t^ x"),
        ('foo "why"   \n\t^ 1', 'foo\n\t"why"\n\t^ 1'),
        ("foo\n  a\n    ifTrue: [ b ]", "foo\n\ta\n\t\tifTrue: [ b ]"),
        ("foo\n    a\n        ifTrue: [ b ]", "foo\n\ta\n\t\tifTrue: [ b ]"),
        ("foo\n\t  a", "foo\n\ta"),
        ("foo\n\t^ 'a  \n    b  ' size  ", "foo\n\t^ 'a  \n    b  ' size"),
        ("foo ^ 'a  \n b'  ", "foo\n\t^ 'a  \n b'"),
        ("foo\n\t^ $ ", "foo\n\t^ $ "),
        ("foo\n\tx := $ .  \n\t^ $   \n", "foo\n\tx := $ .\n\t^ $ "),
        ('foo\n\t"a   \n\t b"\n\t^ 1', 'foo\n\t"a\n\tb"\n\t^ 1'),
    ],
)
def test_normalised_source(source, expected):
    assert normalised_source(source) == expected
    assert normalised_source(expected) == expected


@given(
    st.lists(st.sampled_from(["\n", " ", "\t", "a", "'x \n'", '"c \n"', ".", "$ ", "[", "]", "#(1 ", ")"]), max_size=15)
)
def test_normalising_keeps_the_tree_and_is_final(pieces):
    source = "foo: x " + "".join(pieces)
    if not is_valid_method(source):
        with pytest.raises(SmalltalkSyntaxError):
            normalised_source(source)
        return
    once = normalised_source(source)
    assert same_tree(parse_method(once), parse_method(source))
    assert normalised_source(once) == once


def test_the_nasty_file_round_trips(fixtures):
    record, _ = read_class((fixtures / "NastyMethods.class.st").read_text(encoding="utf-8"))
    document = render_class(record)
    assert parse_rendered(document) == normalised(record)
    assert render_class(parse_rendered(document)) == document
    assert list(iter_rendered_methods(document)) == list(normalised(record).methods)


def test_bundled_files_round_trip(bundled_files):
    for path in bundled_files:
        record, _ = read_class(path.read_text(encoding="utf-8"))
        document = render_class(record)
        assert parse_rendered(document) == normalised(record)
        assert list(iter_rendered_methods(document)) == list(normalised(record).methods)
        assert "\r" not in document
        assert document.endswith("}\n" if not record.methods and not record.comment else ("]\n", '"\n'))
        assert "\n\n\n{ #category" not in document


@given(st.integers(1, 600), st.integers(0, 6), st.booleans())
def test_parts_read_back_as_the_class(limit, count, commented):
    methods = tuple(
        MethodRecord(
            "Counter", side, "p", f"m{number}", f"m{number}\n\t^ x{'x' * number * 9} at: ']' put: $[", "ab 2020"
        )
        for number in range(count)
        for side in ("instance", "class")
    )
    record = replace(COUNTER, methods=methods, comment=COUNTER.comment if commented else "", traits=("TA", "TB"))
    parts = render_parts(record, limit)
    assert parse_parts(parts) == normalised(record)
    assert all(part.startswith(render_header(record) + "\n") for part in parts)
    # Only what cannot be cut is longer than the limit: the comment, or one method.
    assert all(len(part) <= limit or part.count(" >> ") <= 1 for part in parts)
    assert render_parts(record, None) == [render_class(record)]


def test_parts_of_different_classes_are_no_class():
    other = render_class(replace(COUNTER, name="Other"))
    with pytest.raises(RenderingError, match="document 2: expected a continuation of Counter, found Other"):
        parse_parts([DOCUMENT, other])
    with pytest.raises(RenderingError, match="at least one"):
        parse_parts([])


@pytest.mark.parametrize("path", FORMATS, ids=lambda path: path.name)
def test_fixtures_of_every_format_round_trip(path):
    reading = read_bytes(path.read_bytes())
    for found in reading.classes:
        sources = [(each, modern_spelling(each.source, reading.dialect)) for each in found.methods]
        good = tuple(replace(each, source=source) for each, source in sources if is_valid_method(source))
        record = replace(found, methods=good)
        assert parse_parts(render_parts(record, 120)) == normalised(record)


def test_a_broken_method_cannot_be_rendered():
    with pytest.raises(SmalltalkSyntaxError):
        render_class(replace(COUNTER, methods=(replace(NEW, source="new [ ^ 1"),)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected 'Class {'"),
        ("\nCounter >> foo [ ]", "line 2: expected 'Class {'"),
        ("Class { #name : #A", "line 1: expected a comma or the }"),
        (
            DOCUMENT.removesuffix("]\n"),
            "line 10: expected a method of Counter, but the method's closing bracket is missing",
        ),
        (DOCUMENT + "]\n", "there is text after the method's closing bracket"),
        (DOCUMENT.replace("+ 1", "+"), "expected an operand"),
    ],
)
def test_bad_documents_are_refused(text, message):
    with pytest.raises(RenderingError, match=message):
        parse_rendered(text)


@given(st.integers(0, len(DOCUMENT)), st.integers(0, len(DOCUMENT)))
def test_a_window_gives_the_methods_that_stand_whole_in_it(start, stop):
    window = DOCUMENT[start:stop]
    found = list(iter_rendered_methods(window))
    for method in (NEW, INCREMENT):
        head = f"Counter{' class' if method.side == 'class' else ''} >> "
        whole = head + method.source.replace("\n", " [\n", 1) + "\n]"
        if ("\n" + window).count("\n" + whole):
            assert method.selector in [each.selector for each in found]
    # A window that starts in the middle of `Counter class` shows only the rest of it.
    assert all(each.source in (NEW.source, INCREMENT.source) for each in found)
    assert all("Counter".endswith(each.class_name) or "class".endswith(each.class_name) for each in found)


def test_a_cut_category_is_no_category():
    (method,) = iter_rendered_methods(DOCUMENT[DOCUMENT.index("#counting }") :])
    assert (method.selector, method.protocol) == ("increment", "")


def test_a_method_that_runs_on_is_left_out():
    text = "A >> foo [\n\t^ [ 1\n]\n\nA >> bar [\n\t^ 2\n]\n\n{ #category : #x }\nA class >> baz [\n\t^ 'B >> c ['\n]\n"
    assert [(each.selector, each.side, each.protocol) for each in iter_rendered_methods(text)] == [
        ("bar", "instance", ""),
        ("baz", "class", "x"),
    ]


def test_a_header_inside_a_string_is_text():
    text = "A >> foo [\n\t^ '\nA >> bar [\n\t^ 1\n]\n'\n]\n"
    assert [each.selector for each in iter_rendered_methods(text)] == ["foo"]


@given(
    st.lists(
        st.sampled_from([DOCUMENT, "A >> foo [", "]", "\n", "{ #category : #x }", "'", '"', "A class >> + x [ ^ 1 ]"])
    )
)
def test_any_text_can_be_searched_for_methods(pieces):
    for each in iter_rendered_methods("\n".join(pieces)):
        assert each.selector


@pytest.mark.parametrize("body", ["\n\t^ 1\n]", " ^ ']' ]", ' "]" ]', " $] ]", " [ :x | #[1] ] ]", " ^ #($] ']') ]"])
def test_method_end_is_the_end_of_the_method(body):
    text = "Counter >> foo [" + body + "\n\n{ #category : #x }\nCounter >> bar [ ]"
    start = text.index("[") + 1
    assert method_end(text, start) == start + len(body)
    assert all(
        method_end(text[:stop], start) is None for stop in range(start, start + len(body)) if _open(text[start:stop])
    )


def _open(partial):
    # A `]` right after a `$` or inside a string that the cut left open may not count either.
    return not partial.endswith("]")
