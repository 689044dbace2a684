import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.tokenizer.fewest import Speller

BYTES = [bytes([byte]) for byte in range(256)]
TOKENS = [
    *BYTES,
    b"ab",
    b"abc",
    b"bcd",
    b"cde",
    b" x",
    b"\0a",
    b"\xe4\xbb",
    b"\xff\xfe ",
    "\u2581".encode(),
    b"abcabc",
    b"\n\t",
]
SPELLER = Speller(TOKENS)


def fewest(piece, tokens):
    """How many tokens the shortest spelling has, by trying every one."""
    least = [0]
    for end in range(1, len(piece) + 1):
        least.append(1 + min(least[start] for start in range(end) if piece[start:end] in tokens))
    return least[-1]


@given(st.binary(max_size=30) | st.lists(st.sampled_from([*b"abcde x\n\t\0\xff\xfe\xe4\xbb\x96\x81"])).map(bytes))
@settings(deadline=None)
def test_no_spelling_is_shorter(piece):
    found = SPELLER.spell(piece)
    assert b"".join(TOKENS[rank] for rank in found) == piece
    assert len(found) == fewest(piece, set(TOKENS))
    assert SPELLER.spell_all([piece, b"", piece]) == [found, [], found]


def test_random_vocabularies():
    draw = random.Random(5)
    for _ in range(8):
        longer = {bytes(draw.choices(b"abc\n", k=draw.randrange(2, 7))) for _ in range(40)}
        tokens = [*BYTES, *sorted(longer)]
        speller = Speller(tokens)
        piece = bytes(draw.choices(b"abc\n", k=300))
        assert len(speller.spell(piece)) == fewest(piece, set(tokens))


def test_of_two_ways_the_lower_ranks_win():
    assert Speller([b"bc", b"ab", *BYTES]).spell(b"abc") == [2 + ord("a"), 0]
    assert Speller([b"ab", b"bc", *BYTES]).spell(b"abc") == [0, 2 + ord("c")]


@pytest.mark.parametrize(
    ("token", "parts"), [(b"abc", [b"ab", b"c"]), (b"abcabc", [b"abc", b"abc"]), (b"\0a", [b"\0", b"a"])]
)
def test_a_token_without_itself(token, parts):
    [found] = SPELLER.spell_without([token])
    assert sorted(TOKENS[rank] for rank in found) == sorted(parts)


def test_a_long_piece_takes_no_more_than_its_length():
    assert set(SPELLER.spell(b"abc" * 100_000)) == {TOKENS.index(b"abcabc")}
