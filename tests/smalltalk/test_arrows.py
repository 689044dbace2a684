import pytest

from llmlab.smalltalk.arrows import modern_spelling
from llmlab.smalltalk.dialects import DIALECTS
from llmlab.smalltalk.nodes import same_tree
from llmlab.smalltalk.parser import parse_method


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a _ b _ 3", "a := b := 3"),
        ("a_ 3", "a := 3"),
        ("Key_$a", "Key :=$a"),
        ("runs_ x", "runs := x"),
        ("x \u2190 3. \u2191 x", "x := 3. ^ x"),
        ("foo \"a _ b\" ^'a _ b'", "foo \"a _ b\" ^'a _ b'"),
        ("first_name _ second_name", "first_name := second_name"),
        ("#(a_b _ c)", "#(a_b _ c)"),
        ("x _ #(a _ (b _ c)) , y _ z", "x := #(a _ (b _ c)) , y := z"),
        ("x _ [:_ | y]", "x := [:_ | y]"),
        ("at: _ put: x", "at: _ put: x"),
        ("nothing old", "nothing old"),
    ],
)
def test_st80(source, expected):
    assert modern_spelling(source, "st80") == expected


def test_other_dialects():
    assert modern_spelling("a _ 3. b_ x", "squeak") == "a := 3. b_ x"
    assert modern_spelling("a _ 3", "pharo") == "a _ 3"


def test_comments_of_stx_get_their_end():
    source = 'foo\n\t"/ it\'s [ "here"  \n\tx _ "/\n\t1. "as"\n\t^ \'a "/ b\' "/ end'
    expected = 'foo\n\t"/ it\'s [ \'here"\n\tx := "/"\n\t1. "as"\n\t^ \'a "/ b\' "/ end"'
    assert modern_spelling(source, "stx") == expected
    assert modern_spelling(expected, "stx") == expected
    assert same_tree(parse_method(expected), parse_method(source, DIALECTS["stx"]))
