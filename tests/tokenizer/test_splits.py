import pytest
import regex
import tiktoken_ext.openai_public as published
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.tokenizer.splits import SPLITS, pattern_of, splitter

# Long s folds to s, the Kelvin sign to k; U+1C is a blank to Python and none to Unicode; U+0345 is a mark.
TRAPS = [
    "it's",
    "IT'S",
    "it'\u017f",
    "\u212a'll",
    "a\x1cb \x1f",
    "x\u0345y",
    "a\r\n\r\n  b",
    "  \n ",
    "HTTPServer's 12345",
]
# Spellings that tiktoken ships today.
TODAY = {
    "gpt2": published.r50k_pat_str,
    "cl100k": (
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]"
        r"|\s+(?!\S)|\s"
    ),
}


@pytest.mark.parametrize("name", SPLITS)
def test_pieces_join_to_the_text(name, strings):
    cut = splitter(name)
    for text in [*strings, *TRAPS]:
        pieces = cut(text)
        assert "".join(pieces) == text
        assert all(pieces)


@pytest.mark.parametrize("name", TODAY)
def test_both_published_spellings_cut_alike(name, strings):
    """Up to blanks at a text's end: there the later spelling of `cl100k` takes a line end and blanks as one piece."""
    cut, other = splitter(name), regex.compile(TODAY[name])
    for text in [*strings[:3000], *TRAPS]:
        kept = text if name == "gpt2" else text.rstrip()
        assert cut(kept) == other.findall(kept)
    assert splitter("cl100k")("a\r ") == ["a", "\r", " "]
    assert regex.findall(TODAY["cl100k"], "a\r ") == ["a", "\r "]


def test_where_each_split_cuts():
    text = "self printString: 12345.\n\tx ifTrue: []"
    assert splitter("gpt2")(text)[:6] == ["self", " printString", ":", " 12345", ".", "\n"]
    assert splitter("cl100k")(text)[:6] == ["self", " printString", ":", " ", "123", "45"]
    assert splitter("o200k")(text)[:4] == ["self", " print", "String", ":"]
    assert splitter("line")(text) == ["self printString: 12345.", "\n\tx ifTrue: []"]


@settings(deadline=None)
@given(st.text(), st.sampled_from(["[a]", "[ab]+", r"\w+", r"\s+(?!\S)", "..."]))
def test_an_own_pattern_loses_nothing(text, pattern):
    assert "".join(splitter(pattern)(text)) == text


def test_what_an_own_pattern_leaves_out_is_a_piece_of_its_own():
    assert splitter("[a-z]+")("12ab, cd!") == ["12", "ab", ", ", "cd", "!"]
    assert pattern_of("[a-z]+") == "[a-z]+"


@pytest.mark.parametrize(
    ("pattern", "word"),
    [("(", "no regular expression"), ("(a)b", "capturing"), ("a*", "empty text"), ("gtp2", "no split 'gtp2'")],
)
def test_a_bad_pattern_is_refused(pattern, word, refuses):
    refuses([word], splitter, pattern)
