import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.smalltalk.lexer import scan
from llmlab.smalltalk.measure import (
    code_tokens,
    complexity,
    edit_distance,
    edit_similarity,
    misused,
    sent_selectors,
    undeclared,
)
from llmlab.smalltalk.parser import parse_method


def test_sent_selectors_include_cascades_and_blocks():
    method = parse_method("foo: x ^ (self bar: x - 1; baz; at: 1 put: [ y size ]) , #(notSent) , #foo:")
    assert sent_selectors(method) == {"bar:", "-", "baz", "at:put:", "size", ","}


@pytest.mark.parametrize(
    ("source", "known", "missing"),
    [
        ("foo: x | t | t := x + y", [], {"y"}),
        ("foo: x | t | t := x + y", ["y"], set()),
        ("foo ^ self class new + super foo + thisContext + nil + true", [], set()),
        ("foo ^ OrderedCollection new: Été", [], set()),
        ("foo x := 3", [], {"x"}),
        ("foo ^ [ :a | | b | b := a + c ] value: a", [], {"a", "c"}),
        ("foo [ :a | a ] value. a foo", [], {"a"}),
        ("foo ^ [ :a | [ :b | a + b ] ]", [], set()),
        ("foo ^ #(bar baz)", [], set()),
        ("foo <primitive: 60 error: ec> ^ ec", [], set()),
        ("foo ^ _hidden", [], {"_hidden"}),
    ],
)
def test_undeclared_names(source, known, missing):
    assert undeclared(parse_method(source), known) == missing


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("foo: x x := 3", {"x"}),
        ("foo: x self := x. nil := 3", {"self", "nil"}),
        ("foo ^ [ :a | a := 3 ]", {"a"}),
        ("foo: x ^ [ | x | x := 3 ]", set()),
        ("foo | a a | ^ a", {"a"}),
        ("foo: a | a | ^ a", {"a"}),
        ("foo: a bar: b | c | c := a. d := b", set()),
    ],
)
def test_misused_names(source, wrong):
    assert misused(parse_method(source)) == wrong


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("foo ^ 1", 1),
        ("foo a ifTrue: [ 1 ]", 2),
        ("foo a ifTrue: [ 1 ] ifFalse: [ b ifNil: [ 2 ] ]", 3),
        ("foo (a and: [ b or: [ c ] ]) ifTrue: [ 1 ]", 4),
        ("foo a do: [ :x | [ x ] whileTrue: [ y ] ]", 3),
        ("foo ^ a + b printString: 3", 1),
    ],
)
def test_complexity(source, expected):
    assert complexity(parse_method(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('foo: x "c" ^ x+1', ["foo:", "x", "^", "x", "+", "1"]),
        ("a _ b_c. d := 'e _ f'", ["a", ":=", "b_c", ".", "d", ":=", "'e _ f'"]),
        ("foo 'never closed", ["foo", "'", "never", "closed"]),
        ("^ ` § $", ["^", "`", "§", "$"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_code_tokens(source, expected):
    assert code_tokens(source) == expected


@given(st.text(alphabet="ab_:=.;^[](){}#$'\"|-<>!19 \n", max_size=60))
def test_code_tokens_are_those_of_the_lexer(source):
    texts = [":=" if each.text == "_" else each.text for each in scan(source) if each.kind != "comment"]
    assert code_tokens(source) == texts


def test_layout_and_comments_do_not_change_code_tokens():
    assert code_tokens("foo\n\t^ a foo: 1") == code_tokens('foo ^a "x" foo:1')


@given(st.text(max_size=60))
def test_code_tokens_take_any_text(text):
    assert all(each.strip(" \t\r\n\f") for each in code_tokens(text))


def table_distance(a, b):
    """The textbook dynamic programme, as the authority."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        new = [i]
        for j, y in enumerate(b, 1):
            new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
        row = new
    return row[-1]


TOKENS = st.lists(st.sampled_from(["a", "b", "c", "foo:"]), max_size=30)


@given(TOKENS, TOKENS)
def test_distance_equals_the_textbook(a, b):
    assert edit_distance(a, b) == table_distance(a, b) == edit_distance(b, a)


def test_distance_of_long_lists():
    rng = random.Random(7)
    a, b = (rng.choices("abcdef", k=count) for count in (300, 250))
    assert edit_distance(a, b) == table_distance(a, b)
    start = time.perf_counter()
    edit_distance(a * 10, b * 10)
    assert time.perf_counter() - start < 5


def test_similarity_runs_from_nought_to_one():
    assert edit_similarity([], []) == 1.0
    assert edit_similarity(["a", "b"], ["a", "b"]) == 1.0
    assert edit_similarity(["a", "b"], ["c", "d", "e"]) == 0.0
    assert edit_similarity(["a"], []) == 0.0
    assert edit_similarity(["a", "b", "c", "d"], ["a", "x", "c", "d"]) == 0.75


def test_globals_count_as_declared_unless_it_is_said_which_there_are() -> None:
    method = parse_method("foo\n\t^ Array new: count with: Nowhere")
    assert undeclared(method, ()) == {"count"}
    assert undeclared(method, ("count",), {"Array"}) == {"Nowhere"}
    assert undeclared(method, ("count", "Nowhere"), {"Array"}) == set()
