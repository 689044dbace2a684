from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.smalltalk.literals import MAX_DEPTH
from llmlab.smalltalk.nodes import (
    Assign,
    Block,
    BraceArray,
    ByteArray,
    Cascade,
    Character,
    Constant,
    LiteralArray,
    Message,
    Method,
    Number,
    Pragma,
    Return,
    Send,
    Sequence,
    String,
    Symbol,
    Variable,
    same_tree,
)
from llmlab.smalltalk.parser import parse_method, parse_statements
from llmlab.smalltalk.printer import print_expression, print_method, print_sequence, selector_parts

NAMES = st.sampled_from(["a", "b", "count", "_x", "été", "self", "super", "nil", "Foo", "thisContext", "e5", "r1"])
OPERATORS = st.sampled_from(["+", "-", "--", "*", "|", "||", "<", ">", "->", "=", "~=", "//", "!", "\\", "<="])
KEYWORDS = st.sampled_from(["at:", "put:", "_:", "ifTrue:", "aRatherLongKeywordThatBreaksLines:"])
TEXTS = st.text(alphabet="ab '\"\n[]{}().;:$#^|é\t", max_size=6)


def selectors(draw):
    """A selector, and how many arguments it takes."""
    kind = draw(st.sampled_from(["unary", "binary", "keyword"]))
    if kind == "unary":
        return draw(NAMES), 0
    if kind == "binary":
        return draw(OPERATORS), 1
    parts = draw(st.lists(KEYWORDS, min_size=1, max_size=3))
    return "".join(parts), len(parts)


NUMBERS = st.sampled_from(
    [
        ("integer", "0"),
        ("integer", "-42"),
        ("integer", "16rFF"),
        ("float", "1.5e-3"),
        ("float", "-2.5"),
        ("scaled", "3s"),
    ]
).map(lambda pair: Number(*pair))
BYTES = (
    st.lists(st.integers(0, 255).map(lambda each: Number("integer", str(each))), max_size=3).map(tuple).map(ByteArray)
)
ATOMS = (
    NUMBERS
    | st.characters(codec="utf-8").map(Character)
    | TEXTS.map(String)
    | (TEXTS | st.sampled_from(["at:put:", "+", "->", "-", "foo", "true", "||", ">"])).map(Symbol)
    | BYTES
)
CONSTANTS = st.sampled_from(["true", "false", "nil"]).map(Constant)
ARRAYS = st.recursive(
    ATOMS | CONSTANTS, lambda inner: st.lists(inner, max_size=4).map(tuple).map(LiteralArray), max_leaves=8
).filter(lambda node: not isinstance(node, Constant))
VARIABLES = NAMES.map(Variable)
VARIABLE_LISTS = st.lists(VARIABLES, max_size=2).map(tuple)


@st.composite
def bodies(draw, expressions):
    statements = draw(st.lists(expressions, max_size=3))
    if draw(st.booleans()):
        statements.append(Return(draw(expressions)))
    return tuple(statements)


@st.composite
def sends(draw, expressions):
    selector, count = selectors(draw)
    return Send(draw(expressions), selector, tuple(draw(expressions) for _ in range(count)))


@st.composite
def cascades(draw, expressions):
    messages = []
    for _ in range(draw(st.integers(2, 3))):
        selector, count = selectors(draw)
        messages.append(Message(selector, tuple(draw(expressions) for _ in range(count))))
    return Cascade(draw(expressions), tuple(messages))


def compound(inner):
    return (
        sends(inner)
        | cascades(inner)
        | st.builds(Assign, VARIABLES, inner)
        | st.builds(Block, VARIABLE_LISTS, VARIABLE_LISTS, bodies(inner))
        | st.lists(inner, max_size=3).map(tuple).map(BraceArray)
    )


EXPRESSIONS = st.recursive(VARIABLES | ARRAYS, compound, max_leaves=12)


@st.composite
def pragmas(draw):
    selector, count = selectors(draw)
    arguments = tuple(draw(ARRAYS | CONSTANTS | st.just(Variable("ec"))) for _ in range(count))
    return Pragma("+" if selector[0] in "<>" else selector, arguments)


@st.composite
def methods(draw):
    selector, count = selectors(draw)
    arguments = tuple(draw(VARIABLES) for _ in range(count))
    return Method(
        selector,
        arguments,
        tuple(draw(st.lists(pragmas(), max_size=2))),
        draw(VARIABLE_LISTS),
        draw(bodies(EXPRESSIONS)),
    )


@settings(max_examples=400)
@given(methods())
def test_printed_trees_parse_back(method):
    printed = print_method(method)
    assert same_tree(parse_method(printed), method), printed
    assert print_method(parse_method(printed)) == printed


@given(VARIABLE_LISTS, bodies(EXPRESSIONS))
def test_printed_statements_parse_back(temporaries, body):
    sequence = Sequence(temporaries, body)
    assert same_tree(parse_statements(print_sequence(sequence)), sequence)


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
        ("- 5 abs", "-5 abs"),
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
