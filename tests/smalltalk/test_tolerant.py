import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.smalltalk.dialects import DIALECTS
from llmlab.smalltalk.nodes import Assign, Block, Broken, Return, Send, Variable, same_tree, walk
from llmlab.smalltalk.parser import is_valid_method, parse_method, parse_statements
from llmlab.smalltalk.tolerant import read_method, read_statements
from tests.smalltalk.test_checker import PIECES


def test_a_valid_method_gives_the_strict_tree(bundled_methods):
    for each in bundled_methods[::20]:
        tree, errors = read_method(each.source)
        assert errors == ()
        assert same_tree(tree, parse_method(each.source))
    assert same_tree(read_statements("| a | a := 3. a").tree, parse_statements("| a | a := 3. a"))


def test_unfinished_text_keeps_what_is_there():
    tree, errors = read_method("at: x\n\t| y |\n\ty := x foo.\n\tx do: [ :each | each bar: ")
    assert (tree.selector, [each.name for each in tree.temporaries]) == ("at:", ["y"])
    assign, send = tree.body
    assert isinstance(assign, Assign)
    assert isinstance(send, Send)
    block = send.arguments[0]
    assert isinstance(block, Block)
    inner = block.body[0]
    assert isinstance(inner, Send)
    assert (inner.selector, inner.arguments) == ("bar:", (Broken(""),))
    assert [each.expected for each in errors] == ["an operand"]


@pytest.mark.parametrize(
    ("source", "statements", "expected"),
    [
        ("foo ^ (a", 1, ["a closing parenthesis"]),
        ("foo a ) . b", 3, ["the end of the text or a period after the statement"]),
        ("foo x 3. ^ y", 3, ["a period or the end of the statement"]),
        ("foo ^ 'abc", 1, ["a closing quote for the string that starts here"]),
        ('foo a. "note', 1, ["a closing double quote for the comment that starts here"]),
        ("foo a § b", 1, ["Smalltalk text"]),
        ("foo ^ (a b); c. d", 2, ["a message before the semicolon"]),
        ("foo a b; ; c", 1, ["a message after the semicolon"]),
        ("foo ^ 2r9", 1, ["digits below the radix 2"]),
        ("foo: ^ x", 1, ["an argument name after the keyword"]),
        ("", 0, ["a method pattern: a name, an operator or a keyword"]),
    ],
)
def test_errors_are_told_and_reading_goes_on(source, statements, expected):
    tree, errors = read_method(source)
    assert len(tree.body) == statements, tree.body
    assert [each.expected for each in errors] == expected


def test_several_errors_come_in_order():
    _, errors = read_method("foo a +. b := . ^ [ :x y ] value: ")
    positions = [each.position for each in errors]
    assert len(errors) == 4
    assert positions == sorted(set(positions))


def test_thousands_of_errors_take_no_square_of_their_number():
    started = time.process_time()
    errors = read_method("foo " + "^" * 8000).errors
    assert len({error.position for error in errors}) == len(errors) >= 7999
    # Comparing each with all before took seven seconds.
    assert time.process_time() - started < 3


def test_too_deep_is_one_error():
    tree, errors = read_method("foo " + "(" * 5000)
    assert isinstance(tree.body[0], Broken)
    assert len(errors) == 1


def test_what_fits_nowhere_stands_in_the_tree():
    tree, _ = read_method("foo a. ] b")
    assert tree.body == (Variable("a"), Broken("]"), Variable("b"))
    assert isinstance(read_statements("^ 3 )").tree.body[0], Return)


@pytest.mark.parametrize("name", ["pharo", "cuis", "dolphin", "gemstone"])
@settings(max_examples=100)
@given(words=st.lists(st.sampled_from(PIECES), max_size=14), glue=st.sampled_from([" ", ""]))
def test_any_text_has_a_tree_and_errors_exactly_when_it_is_invalid(name, words, glue):
    source = glue.join(words)
    dialect = DIALECTS[name]
    tree, errors = read_method(source, dialect)
    assert bool(errors) != is_valid_method(source, dialect)
    for node in walk(tree):
        assert 0 <= node.start <= node.stop <= len(source)
    read_statements(source, dialect)
