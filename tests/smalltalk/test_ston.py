import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.smalltalk.ston import StonError, read_map, skip_blanks, string, symbol


def read(text):
    value, stop = read_map(text, 0)
    assert stop == len(text)
    return value


def test_strings_and_symbols_are_the_same():
    assert read("{ #a : #b, 'c' : 'd e', #f : #'g h' }") == {"a": "b", "c": "d e", "f": "g h"}


def test_lists_maps_and_blanks():
    text = "{#a:[],#b:['x',#y],\n\t#c : { #d : [ [ #e ] ] } }"
    assert read(text) == {"a": [], "b": ["x", "y"], "c": {"d": [["e"]]}}
    assert read("{ }") == {}


def test_escapes_in_both_fashions():
    assert read(r"""{ #a : 'it\'s', #b : 'it''s', #c : 'x\\y\nz', #d : 'é' , #e : '' }""") == {
        "a": "it's",
        "b": "it's",
        "c": "x\\y\nz",
        "d": "é",
        "e": "",
    }


def test_other_atoms_stay_text():
    assert read("{ #a : 3, #b : true, #c : nil, #d : #+, #e : #at:put: }") == {
        "a": "3",
        "b": "true",
        "c": "nil",
        "d": "+",
        "e": "at:put:",
    }


@pytest.mark.parametrize(
    ("text", "expected", "position"),
    [
        ("{ #a : 'x' #b : 'y' }", "a comma or the }", 11),
        ("{ #a 'x' }", "a colon after the key 'a'", 5),
        ("{ #a : [ 'x' 'y' ] }", "a comma or the ]", 13),
        ("{ #a : ", "a string, a symbol", 7),
        ("{ #a : 'x", "a string, a symbol", 7),
        ("{ #a : [", "a string, a symbol", 8),
        ("{", "a string, a symbol", 1),
        ("[ #a ]", "{ to start a map", 0),
        ("{ #a : " + "[" * 1000, "levels of nesting", 37),
    ],
)
def test_errors(text, expected, position):
    with pytest.raises(StonError) as caught:
        read_map(text, 0)
    assert expected in caught.value.expected
    assert caught.value.position == position


@given(st.text(max_size=12), st.text(max_size=12))
def test_written_strings_and_symbols_read_back(key, value):
    assert read(f"{{ {symbol(key)} : {string(value)} }}") == {key: value}


def test_symbols_are_quoted_when_needed():
    assert [symbol(each) for each in ("Demo", "Lab-Bank", "a b", "")] == ["#Demo", "#'Lab-Bank'", "#'a b'", "#''"]


def test_blanks_and_comments_are_skipped():
    assert skip_blanks(' \n"a"" b" x', 0) == 10
