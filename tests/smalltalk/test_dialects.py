import pytest

from llmlab.smalltalk.checker import syntax_fault
from llmlab.smalltalk.dialects import DIALECTS, dialect_named
from llmlab.smalltalk.lexer import tokenize
from llmlab.smalltalk.nodes import (
    Assign,
    Binding,
    BraceArray,
    Cascade,
    CompileTime,
    Dictionary,
    ExpressionArray,
    ForeignCall,
    LooseByteArray,
    Message,
    Number,
    RawStatement,
    Return,
    Send,
    Variable,
    same_tree,
    walk,
)
from llmlab.smalltalk.parser import parse_method, parse_statements
from llmlab.smalltalk.printer import print_method


def table(fixtures):
    """Method, and the dialects that accept it: names, `not` and names, `all` or `none`."""
    for line in (fixtures / "dialect_methods.txt").read_text(encoding="utf-8").splitlines():
        source, _, names = line.partition("\t")
        words = set(names.split()) - {"not"}
        assert words <= {*DIALECTS, "all", "none"}, line
        listed = set(DIALECTS) if "all" in words else words & set(DIALECTS)
        yield source, set(DIALECTS) - listed if names.startswith("not ") else listed


def test_every_dialect_accepts_its_own_and_refuses_the_rest(fixtures):
    rows = list(table(fixtures))
    assert len(rows) >= 100
    for source, accepting in rows:
        found = {name for name, dialect in DIALECTS.items() if syntax_fault(source, dialect) is None}
        assert found == accepting, source


def test_every_method_of_the_table_round_trips(fixtures):
    for source, accepting in table(fixtures):
        for name in accepting:
            method = parse_method(source, DIALECTS[name])
            printed = print_method(method, DIALECTS[name])
            assert same_tree(parse_method(printed, DIALECTS[name]), method), (name, source, printed)


def test_a_do_it_of_amber_is_no_javascript():
    assert len(parse_statements("a < b. c > d", DIALECTS["amber"]).body) == 2
    (raw,) = parse_method("foo <return a < 1 ? '>>' : \"[\">", DIALECTS["amber"]).body
    assert raw == RawStatement("return a < 1 ? '>>' : \"[\"")


def test_a_comment_of_stx_ends_with_its_line():
    source = 'foo\n\t"/ it\'s [ open\n\t^ 1 "/ one'
    assert [name for name, dialect in DIALECTS.items() if syntax_fault(source, dialect) is None] == ["stx"]
    assert same_tree(parse_method(source, DIALECTS["stx"]), parse_method("foo ^ 1"))
    assert syntax_fault("foo %{ if (x % 2) { return 'a; } %} ^ 1", DIALECTS["stx"]) is None
    assert syntax_fault("foo %{ if (x % 2) { return 'a; } ^ 1", DIALECTS["stx"]) is not None


def value_of(source, name):
    statement = parse_method("m ^ " + source, DIALECTS[name]).body[-1]
    assert isinstance(statement, Return)
    return statement.value


def test_an_underscore_between_blanks_assigns_and_within_a_word_is_a_letter():
    assert value_of("a _ b_c", "squeak") == Assign(Variable("a"), Variable("b_c"))
    # Blue-book names have no underscore at all.
    assert value_of("key_$a", "st80").target == Variable("key")
    assert value_of("a _ b", "pharo") == Send(Send(Variable("a"), "_"), "b")


def test_dolphin_cascades_go_on_from_the_answer_of_their_part():
    cascade = value_of("a b; c d + 3 e: 4; f", "dolphin")
    assert isinstance(cascade, Cascade)
    rest = (Message("d"), Message("+", (Number("integer", "3"),)), Message("e:", (Number("integer", "4"),)))
    assert cascade.messages == (Message("b"), Message("c", (), rest), Message("f"))


def test_two_colons_of_cuis_send_to_everything_before():
    tree = value_of("1 to: n :: collect: [ :x | x ]; size", "cuis")
    assert isinstance(tree, Cascade)
    assert tree.receiver == value_of("1 to: n", "cuis")
    assert value_of("a b: c :: d e: f", "cuis") == value_of("(a b: c) d e: f", "cuis")


def test_the_caret_of_cuis_is_an_operator_after_an_operand():
    assert value_of("2 ^ n - 1", "cuis") == Send(
        Send(Number("integer", "2"), "^", (Variable("n"),)), "-", (Number("integer", "1"),)
    )


def test_paths_are_one_name():
    assert value_of("Smalltalk.Foo new", "visualworks") == Send(Variable("Smalltalk.Foo"), "new")
    assert [each.text for each in tokenize("a.Foo bar", dialect=DIALECTS["squeak"])] == ["a", ".", "Foo", "bar"]


def test_what_is_built_by_the_compiler_or_when_run():
    assert value_of("##(3)", "gnu") == CompileTime("##(", (), (Number("integer", "3"),))
    assert value_of("`3`", "cuis") == CompileTime("`", (), (Number("integer", "3"),))
    assert value_of("#{A.B}", "dolphin") == Binding("A.B")
    assert value_of("#[a, 1]", "gemstone") == ExpressionArray((Variable("a"), Number("integer", "1")))
    assert isinstance(value_of("#{1 -> 2}", "amber"), Dictionary)
    assert isinstance(value_of("#[1.5 2]", "cuis"), LooseByteArray)
    assert isinstance(value_of("{a}", "gnu"), BraceArray)


def test_a_foreign_call_is_text():
    method = parse_method("foo <stdcall: bool GetX handle dword*> ^ 1", DIALECTS["dolphin"])
    assert method.pragmas == (ForeignCall("stdcall: bool GetX handle dword*"),)


@pytest.mark.parametrize("name", DIALECTS)
def test_ranges_give_back_the_source(fixtures, name):
    for source, accepting in table(fixtures):
        if name in accepting:
            for node in walk(parse_method(source, DIALECTS[name])):
                assert 0 <= node.start <= node.stop <= len(source)
                if isinstance(node, Variable | Number):
                    text = source[node.start : node.stop]
                    assert text.replace(" ", "") == (node.name if isinstance(node, Variable) else node.text), source


def test_unknown_dialects_name_the_known_ones():
    assert dialect_named("gnu").name == "gnu"
    with pytest.raises(ValueError, match="no dialect 'gst', only strict, pharo, squeak"):
        dialect_named("gst")
