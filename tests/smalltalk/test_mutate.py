import random
import re
from collections import Counter

import pytest

from llmlab.smalltalk.dialects import DIALECTS
from llmlab.smalltalk.lexer import SmalltalkSyntaxError
from llmlab.smalltalk.mutate import alter_method, break_method
from llmlab.smalltalk.nodes import same_tree
from llmlab.smalltalk.parser import is_valid_method, parse_method

RICH = (
    "at: i put: x\n\t<primitive: 61>\n\t| a |\n"
    "\ta := #(1 $a 'x') , { i. x + 3 }.\n\t\"keep (this)\"\n"
    "\t(a at: (i foo: 1) put: x) isNil ifTrue: [ ^ 'one' ] ifFalse: [ a add: 7; yourself ].\n"
    "\t[ i < 3 and: [ x ] ] whileTrue: [ i bar ].\n"
    "\t^ (a foo) bar: #sym baz: (x baz)"
)


def broken(source, count=400):
    return [break_method(source, random.Random(seed)) for seed in range(count)]


def altered(source, count=400):
    return [alter_method(source, random.Random(seed)) for seed in range(count)]


def test_broken_methods_do_not_parse():
    for text, defect in broken(RICH):
        assert not is_valid_method(text), (text, defect)


def test_every_kind_of_break_occurs():
    shapes = Counter(re.sub(r"(operator|keyword|stray) \S+", r"\1 X", defect) for _, defect in broken(RICH, 1500))
    for expected in (
        *("a closing bracket is missing", "an opening parenthesis is missing", "a closing brace is missing"),
        *("a closing bracket should not be a parenthesis", "there is a closing parenthesis too many"),
        "the closing quote of a string is missing",
        *("the operator X has no operand after it", "the keyword X has no argument"),
        "there is a stray X with nothing after it",
        "a cascade has a semicolon with no message after it",
        "a cascade starts before any message was sent",
        "there is a closing bracket after the end of the method",
    ):
        assert shapes[expected], (expected, shapes)


def test_a_dialect_breaks_by_its_own_rules():
    squeak = {break_method("foo ^ 1", random.Random(seed), DIALECTS["squeak"])[1] for seed in range(60)}
    assert "there is a statement after the return" in squeak
    # Pharo only warns of a statement that is never reached.
    assert "there is a statement after the return" not in {defect for _, defect in broken("foo ^ 1", 60)}


@pytest.mark.parametrize(
    "source", ["foo", "foo: x ^ x", "foo ^ 1", "+ x ^ $ ", 'foo ^ #(1 2) "c"', "foo ^ 'a'", "foo a; b"]
)
def test_small_methods_break_too(source):
    if not is_valid_method(source):
        with pytest.raises(SmalltalkSyntaxError):
            break_method(source, random.Random(1))
        return
    for text, _ in broken(source, 60):
        assert not is_valid_method(text)


def test_the_same_seed_gives_the_same_mistake():
    assert break_method(RICH, random.Random(5)) == break_method(RICH, random.Random(5))
    assert alter_method(RICH, random.Random(5)) == alter_method(RICH, random.Random(5))


def test_a_missing_bracket_is_one_bracket():
    for text, defect in broken(RICH):
        if defect == "a closing bracket is missing":
            assert len(text) == len(RICH) - 1
            assert text.count("]") == RICH.count("]") - 1


def test_altered_methods_parse_but_differ():
    original = parse_method(RICH)
    for result in altered(RICH):
        assert result is not None
        text, _ = result
        assert not same_tree(parse_method(text), original)
        assert '"keep (this)"' in text
        assert "<primitive: 61>" in text


def test_alterations_are_the_ones_named():
    found = {defect: text for text, defect in filter(None, altered(RICH, 800))}
    swapped = found["two arguments of at:put: are in the wrong order"]
    assert "(a at: x put: (i foo: 1)) isNil" in swapped
    assert "bar: (x baz) baz: #sym" in found["two arguments of bar:baz: are in the wrong order"]
    negated = found["a condition is negated: ifFalse:ifTrue: should be ifTrue:ifFalse:"]
    assert "isNil ifFalse: [ ^ 'one' ] ifTrue: [ a add: 7; yourself ]" in negated
    assert "whileFalse: [ i bar ]" in found["a condition is negated: whileFalse: should be whileTrue:"]
    assert "or: [ x ]" in found["a condition is negated: or: should be and:"]
    assert "add: 8" in found["a number is off by one: 8 should be 7"]
    assert any("\n\t(a foo) bar:" in text for text, defect in filter(None, altered(RICH)) if "return" in defect)


@pytest.mark.parametrize("source", ["foo", "foo self bar", "foo self bar: x"])
def test_nothing_to_alter(source):
    assert alter_method(source, random.Random(1)) is None


def test_bytes_stay_bytes():
    for text, _ in filter(None, altered("foo ^ #[255 0]", 40)):
        assert is_valid_method(text)


def test_invalid_methods_cannot_be_mutated():
    for mutate in (break_method, alter_method):
        with pytest.raises(SmalltalkSyntaxError):
            mutate("foo ^ (", random.Random(1))


def test_bundled_methods_break_and_alter(bundled_methods):
    rng = random.Random(11)
    for each in bundled_methods[::7]:
        text, defect = break_method(each.source, rng)
        assert not is_valid_method(text), defect
        result = alter_method(each.source, rng)
        assert result is None or is_valid_method(result[0])
