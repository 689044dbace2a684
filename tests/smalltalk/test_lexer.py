import pickle
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmlab.smalltalk.lexer import (
    SmalltalkSyntaxError,
    closing_bracket,
    is_plain_symbol,
    line_number,
    quoted,
    scan,
    syntax_error,
    tokenize,
    trim_end,
    unix_lines,
    unquoted,
)


def kinds_and_texts(source):
    return [(each.kind, each.text) for each in tokenize(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("at: x", [("keyword", "at:"), ("name", "x")]),
        ("a:=3", [("name", "a"), ("assign", ":="), ("integer", "3")]),
        ("a: =3", [("keyword", "a:"), ("binary", "="), ("integer", "3")]),
        ("_:", [("keyword", "_:")]),
        ("_failureCode été x1_", [("name", "_failureCode"), ("name", "été"), ("name", "x1_")]),
        ("1.5 2.5e-3 1.5d2", [("float", "1.5"), ("float", "2.5e-3"), ("float", "1.5d2")]),
        ("5.", [("integer", "5"), ("punctuation", ".")]),
        (".5", [("punctuation", "."), ("integer", "5")]),
        ("1.e5", [("integer", "1"), ("punctuation", "."), ("name", "e5")]),
        ("1.5s2 3s 1s2", [("scaled", "1.5s2"), ("scaled", "3s"), ("scaled", "1s2")]),
        ("3sin", [("integer", "3"), ("name", "sin")]),
        ("16r1F 36rZZ 16r-FF 1e10", [("integer", each) for each in ["16r1F", "36rZZ", "16r-FF", "1e10"]]),
        ("0x1F", [("integer", "0"), ("name", "x1F")]),
        ("3foo", [("integer", "3"), ("name", "foo")]),
        ("16rff", [("integer", "16"), ("name", "rff")]),
        ("3-4", [("integer", "3"), ("binary", "-"), ("integer", "4")]),
        ("3--4", [("integer", "3"), ("binary", "-"), ("binary", "-"), ("integer", "4")]),
        ("a>=-1", [("name", "a"), ("binary", ">="), ("binary", "-"), ("integer", "1")]),
        ("a-->b", [("name", "a"), ("binary", "-->"), ("name", "b")]),
        ("a ~= b·c", [("name", "a"), ("binary", "~="), ("name", "b"), ("binary", "·"), ("name", "c")]),
        ("$a $' $\" $  $] $!", [("character", each) for each in ("$a", "$'", '$"', "$ ", "$]", "$!")]),
        ("'it''s' ''", [("string", "'it''s'"), ("string", "''")]),
        ("'a\nb'", [("string", "'a\nb'")]),
        ("#foo #at:put: #+ #'any text'", [("symbol", each) for each in ("#foo", "#at:put:", "#+", "#'any text'")]),
        ("##foo #foo:bar #->", [("symbol", "##foo"), ("symbol", "#foo:bar"), ("symbol", "#->")]),
        ("#foo.", [("symbol", "#foo"), ("punctuation", ".")]),
        (
            "#(1 #[2])",
            [("array", "#("), ("integer", "1"), ("array", "#["), ("integer", "2")]
            + [("punctuation", each) for each in "])"],
        ),
        ('a "it\'s [ a ""note""" b', [("name", "a"), ("name", "b")]),
        ("a\r\nb\rc\fd\te", [("name", each) for each in "abcde"]),
        ("", []),
    ],
)
def test_tokens(source, expected):
    assert kinds_and_texts(source) == expected


def test_comments_are_kept_on_request():
    tokens = tokenize('a "one ""two""" b', comments=True)
    assert [each.kind for each in tokens] == ["name", "comment", "name"]
    assert unquoted(tokens[1].text) == 'one "two"'


@pytest.mark.parametrize(
    ("source", "position", "line", "word"),
    [
        ("foo\n\t^ 'abc", 7, 2, "closing quote"),
        ("foo 'a''b", 4, 1, "closing quote"),
        ('foo\r\n"abc', 5, 2, "double quote"),
        ("foo $", 4, 1, "character"),
        ("foo # 3", 4, 1, "symbol"),
        ("foo `0@0`", 4, 1, "Smalltalk"),
        ("foo ← 3", 4, 1, "Smalltalk"),
        ("foo 2r12", 4, 1, "radix 2"),
        ("foo 37r1", 4, 1, "radix from 2 to 36"),
        ("foo 1r0", 4, 1, "radix from 2 to 36"),
        ("foo " + "9" * 5000 + "r1", 4, 1, "radix from 2 to 36"),
    ],
)
def test_errors_say_what_and_where(source, position, line, word):
    with pytest.raises(SmalltalkSyntaxError) as caught:
        tokenize(source)
    assert (caught.value.position, caught.value.line) == (position, line)
    assert word in caught.value.expected
    assert str(caught.value).startswith(f"line {line}: expected ")


def test_errors_survive_pickling():
    error = syntax_error("a\nb", 2, "c")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert (str(copy), copy.position, copy.expected, copy.line) == (str(error), 2, "c", 2)


@given(st.text(alphabet="ab_:=.#$'\"()[]{}|-+19re \n^;<>é`", max_size=40))
@example("$")
@example("'")
def test_any_text_is_tokens_or_a_syntax_error(text):
    with suppress(SmalltalkSyntaxError):
        check_tokens(text, tokenize(text, comments=True))


def check_tokens(text, tokens):
    assert all(text[each.start : each.end] == each.text and each.text for each in tokens)
    outside = "".join(text[a.end : b.start] for a, b in pairwise(tokens))
    assert not outside.strip(" \t\r\n\f")


@given(st.text(max_size=60))
def test_scan_loses_nothing_but_blanks(text):
    covered = "".join(each.text for each in scan(text))
    blanks = str.maketrans("", "", " \t\r\n\f")
    assert covered.translate(blanks) == text.translate(blanks)


def test_unterminated_strings_take_linear_time():
    with pytest.raises(SmalltalkSyntaxError):
        tokenize("foo '" + "a''" * 200_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("]", 1),
        (" a ] b", 4),
        ("[ a ] ] b", 7),
        ("']' ] b", 5),
        ('"]" ] b', 5),
        ("$] ] b", 4),
        ("$' ] '", 4),
        ("#[1 2] ]", 8),
        ("#($] [1] ']') ] x", 15),
        ("'it''s ]' ]", 11),
        ("[ a ]", None),
        ("", None),
        ("'a ]", None),
        ('"a ]', None),
        ("$", None),
    ],
)
def test_closing_bracket(text, expected):
    assert closing_bracket(text, 0) == expected


@given(st.text(alphabet="a'\"\n ", max_size=20), st.sampled_from("'\""))
def test_quoting_round_trips(text, quote):
    assert unquoted(quoted(text, quote)) == text


def test_plain_symbols_are_those_that_read_back():
    assert all(map(is_plain_symbol, ["foo", "at:put:", "+", "->", "_x", "été", "foo:bar"]))
    assert not any(map(is_plain_symbol, ["", "a b", "3x", "Lab-Bank", "+a", "#a", ":", "^", "a:="]))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a \n\t", "a"),
        ("^ $ ", "^ $ "),
        ("^ $  \n", "^ $ "),
        ("^ $$ ", "^ $$"),
        ("^ $$$  ", "^ $$$ "),
        ("a '$' ", "a '$'"),
    ],
)
def test_trimming_spares_the_blank_character(source, expected):
    assert trim_end(source) == expected


def test_line_ends():
    assert unix_lines("\ufeffa\r\nb\rc\n") == "a\nb\nc\n"
    assert [line_number("a\r\nb\rc\nd", each) for each in (0, 3, 5, 7)] == [1, 2, 3, 4]
