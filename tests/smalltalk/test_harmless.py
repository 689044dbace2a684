import random

import pytest

from llmlab.smalltalk.dialects import DIALECTS
from llmlab.smalltalk.harmless import harmless_edits
from llmlab.smalltalk.lexer import SmalltalkSyntaxError
from llmlab.smalltalk.nodes import same_tree
from llmlab.smalltalk.parser import parse_method

RICH = (
    "at: i put: x\n\t<primitive: 61>\n\t| a |\n\ta := #(1 -2 at:put: $a 'x') , { i - 1. x + -3 }.\n"
    "\t^ a foo: (i bar: 3--4) baz: [ :y | a; b ]".replace("a; b", "a b; c")
)


@pytest.mark.parametrize("seed", range(40))
def test_edits_change_the_text_and_not_the_tree(seed):
    method = parse_method(RICH)
    edits = harmless_edits(RICH, random.Random(seed))
    assert [name for _, name in edits] == ["blanks and comments", "comments around", "redundant parentheses"]
    for text, name in edits:
        assert text != RICH
        assert same_tree(parse_method(text), method), (name, text)


def test_a_method_without_operands_gets_no_parentheses():
    assert len(harmless_edits("foo self bar", random.Random(1))) == 2


def test_foreign_calls_are_left_alone():
    source = "foo <cdecl: long 'f' (long long*)> ^ 1"
    for text, _ in harmless_edits(source, random.Random(1), DIALECTS["squeak"]):
        assert "<cdecl: long 'f' (long long*)>" in text


def test_invalid_methods_have_no_harmless_edits():
    with pytest.raises(SmalltalkSyntaxError):
        harmless_edits("foo ^ (", random.Random(1))
