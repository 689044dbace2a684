from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmlab.smalltalk.checker import syntax_fault
from llmlab.smalltalk.dialects import DIALECTS
from llmlab.smalltalk.literals import MAX_DEPTH
from llmlab.smalltalk.nodes import same_tree
from llmlab.smalltalk.parser import parse_method, parse_statements
from llmlab.smalltalk.printer import print_expression, print_method, print_sequence, selector_parts
from tests.smalltalk.trees import Trees

TREES = {name: Trees(dialect) for name, dialect in DIALECTS.items()}


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_printed_trees_parse_back(name, data):
    dialect = DIALECTS[name]
    method = data.draw(TREES[name].methods())
    printed = print_method(method, dialect)
    assert syntax_fault(printed, dialect) is None, printed
    assert same_tree(parse_method(printed, dialect), method), printed
    assert print_method(parse_method(printed, dialect), dialect) == printed


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_printed_statements_parse_back(name, data):
    dialect = DIALECTS[name]
    sequence = data.draw(TREES[name].sequences())
    assert same_tree(parse_statements(print_sequence(sequence, dialect), dialect), sequence)


def test_every_valid_method_of_the_table_round_trips():
    table = (Path(__file__).parent / "fixtures" / "valid_methods.txt").read_text(encoding="utf-8")
    for line in table.removesuffix("\n").split("\n"):
        method = parse_method(line.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t"))
        assert same_tree(parse_method(print_method(method)), method)


def test_bundled_methods_round_trip(bundled_methods):
    for each in bundled_methods[::5]:
        method = parse_method(each.source)
        assert same_tree(parse_method(print_method(method)), method)


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("((a b) c: ((d) + (e f)))", "a b c: d + e f"),
        ("(a b: c) d", "(a b: c) d"),
        ("a + (b + c)", "a + (b + c)"),
        ("(a + b) + c", "a + b + c"),
        ("(a + b) c", "(a + b) c"),
        ("(a b: c) d: e", "(a b: c) d: e"),
        ("a b: (c d: e)", "a b: (c d: e)"),
        ("(a b; c) d", "(a b; c) d"),
        ("a foo: (b c; d)", "a foo: (b c; d)"),
        ("x:=(y:=(3))", "x := y := 3"),
        ("(x := 3) foo", "(x := 3) foo"),
        ("3--4", "3 - -4"),
        ("-5 abs", "-5 abs"),
        ("[:x||t|t:=x]", "[ :x |\n\t| t |\n\tt := x ]"),
        ("[:x|x. ^x]", "[ :x |\n\tx.\n\t^ x ]"),
        ("[]", "[ ]"),
        ("[:x]", "[ :x | ]"),
        ("{}", "{  }"),
        ("#(a at:put: #+ (1) nil 'x' $y)", "#( #a #at:put: #+ #( 1 ) nil 'x' $y )"),
        ("#[1 2]", "#[ 1 2 ]"),
        ("#'Lab-Bank'", "#'Lab-Bank'"),
        ("#'foo'", "#foo"),
    ],
)
def test_style(source, printed):
    assert print_expression(parse_statements(source).body[0]) == printed


def test_layout_of_a_method():
    source = (
        "at: i put: x <foo> |a b| a:=self at: i. a isNil ifTrue:[b:=3. ^b] ifFalse:[a add: x; yourself]. "
        "^self aRatherLongMessageNamed: #something with: (Dictionary newFrom: {1->2}) and: 'a long argument' xx: 1"
    )
    assert print_method(parse_method(source)) == "\n".join(
        [
            "at: i put: x",
            "\t<foo>",
            "\t| a b |",
            "\ta := self at: i.",
            "\ta isNil",
            "\t\tifTrue: [",
            "\t\t\tb := 3.",
            "\t\t\t^ b ]",
            "\t\tifFalse: [ a add: x; yourself ].",
            "\t^ self",
            "\t\taRatherLongMessageNamed: #something",
            "\t\twith: (Dictionary newFrom: { 1 -> 2 })",
            "\t\tand: 'a long argument'",
            "\t\txx: 1",
        ]
    )


def test_strings_keep_their_own_lines():
    source = "foo ^ [ :x | x foo. x bar: 'a\n   b' ]"
    assert "'a\n   b'" in print_method(parse_method(source))


@pytest.mark.parametrize("pair", ["()", "[ a b; foo: | ]", "[ :x | |t| a := b foo: | bar: 3. x ]", "{ a. | }", "#(|)"])
def test_the_deepest_tree_prints(pair):
    opening, closing = (pair[0], pair[1]) if pair == "()" else pair.rsplit("|", 1)
    method = parse_method("foo ^ " + opening * MAX_DEPTH + "3" + closing * MAX_DEPTH)
    assert same_tree(parse_method(print_method(method)), method)


@pytest.mark.parametrize("chain", [" b", " + b", "; b", " , (c: d)"])
def test_long_chains_print(chain):
    method = parse_method("foo ^ a b" + chain.replace("(c: d)", "(c d: e)") * 3000)
    assert same_tree(parse_method(print_method(method)), method)


def test_selector_parts():
    assert [selector_parts(each) for each in ("foo", "+", "at:put:")] == [["foo"], ["+"], ["at:", "put:"]]
