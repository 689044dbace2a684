import itertools

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.bpe import (
    BYTE_ORDER,
    RANK_OF_BYTE,
    BpeTokenizer,
    characters_in,
    encode_plainly,
    join,
    merge_by_rank,
    train_bpe,
)
from llmlab.tokenizer.ranks import RankModel
from llmlab.tokenizer.special import special_tokens
from llmlab.tokenizer.splits import SPLITS, pattern_of, splitter


def with_split(trained, split):
    return BpeTokenizer(RankModel(split=split, tokens=trained.model.tokens, special=()).to_bytes())


def test_every_string_comes_back_exactly(bpe, strings):
    special = set(bpe.special.values())
    for text, ids in zip(strings, bpe.encode_batch(strings), strict=True):
        assert bpe.decode(ids) == text
        assert b"".join(map(bpe.token_bytes, ids)) == text.encode()
        assert not special.intersection(ids)


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_comes_back_exactly(bpe, text):
    assert bpe.decode(bpe.encode(text)) == text


@pytest.mark.parametrize("split", SPLITS)
def test_ids_are_those_of_tiktoken(bpe, strings, split):
    ours = with_split(bpe, split)
    theirs = tiktoken.Encoding("made", pat_str=pattern_of(split), mergeable_ranks=ours.ranks, special_tokens={})
    plain = splitter(split)
    for text in strings:
        expected = theirs.encode_ordinary(text)
        assert ours.encode(text) == expected
        assert encode_plainly(text, ours.ranks, plain) == expected


@pytest.mark.parametrize("split", [r"[A-Za-z]+:?|[0-9]+|\s+", r"\w+"])
def test_an_own_pattern_encodes_as_the_plain_version(bpe, strings, split):
    ours = with_split(bpe, split)
    for text in strings[:2000]:
        assert ours.encode(text) == encode_plainly(text, ours.ranks, splitter(split))
        assert ours.decode(ours.encode(text)) == text


def test_joins_go_by_rank_and_from_the_left():
    ranks = {b"a": 0, b"b": 1, b"ab": 2, b"ba": 3, b"aba": 4, b"aa": 5}
    assert merge_by_rank(b"aba", ranks) == [b"aba"]
    assert merge_by_rank(b"bab", ranks) == [b"b", b"ab"]
    assert merge_by_rank(b"aaa", ranks) == [b"aa", b"a"]
    assert merge_by_rank(b"aba", ranks, limit=3) == [b"ab", b"a"]
    assert merge_by_rank(b"", ranks) == []
    assert join([1, 1, 1], (1, 1), 7) == [7, 1]
    assert join([0, 1, 0, 1, 0], (0, 1), 7) == [7, 7, 0]


def test_the_first_tokens_are_the_bytes_in_the_order_of_gpt2(bpe):
    assert [bpe.token_bytes(byte)[0] for byte in range(256)] == list(BYTE_ORDER)
    assert BYTE_ORDER[0] == ord("!")
    assert BYTE_ORDER[188:191] == b"\0\1\2"
    assert all(BYTE_ORDER[rank] == byte for byte, rank in enumerate(RANK_OF_BYTE))


def test_learning_shortens_known_text(bpe, prose):
    learned = list(itertools.chain.from_iterable(bpe.encode_batch(prose)))
    assert len(learned) < sum(len(text.encode()) for text in prose) / 3
    assert bpe.vocab_size == 700


def test_special_tokens_spelt_in_text_stay_text(bpe, specials):
    for name in specials:
        ids = bpe.encode(f"a{name}b")
        assert bpe.special[name] not in ids
        assert bpe.decode(ids) == f"a{name}b"
    assert bpe.decode([bpe.special["<|bos|>"], *bpe.encode("fox")]) == "fox"


@pytest.mark.parametrize("text", ["a\ud801", "\udfff"])
def test_lone_surrogates_are_refused(bpe, refuses, text):
    code = f"U+{ord(text[-1]):04X}"
    refuses([code], bpe.encode, text)
    refuses([code], train_bpe, ["fine", text], TokenizerConfig(vocab_size=400), ["english"])


def test_broken_utf8_becomes_the_replacement_character(bpe):
    parts = [bpe.ranks[bytes([byte])] for byte in "🙂".encode()]
    assert bpe.decode(parts) == "🙂"
    assert bpe.decode(parts[:2]) == "\ufffd"


def test_no_text_and_too_little_text(refuses):
    config = TokenizerConfig(vocab_size=4096)
    for texts in ([], [""]):
        refuses(["no text"], train_bpe, texts, config, ["english"])
    refuses(["the text supports 257 of the", "vocab_size"], train_bpe, ["abab"], config, ["english"])
    special = len(special_tokens(["english"]))
    many = [f"lang{number}" for number in range(60)]
    refuses(["leaves", "256 bytes"], train_bpe, ["abab"], TokenizerConfig(vocab_size=300), many)
    assert train_bpe(["abab"], TokenizerConfig(vocab_size=257 + special), ["english"]).vocab_size == 257 + special


def test_no_token_is_longer_than_asked(prose):
    trained = train_bpe(prose, TokenizerConfig(kind="bpe", vocab_size=380, max_piece_length=3), ["english"])
    longest = max(characters_in(token) for token in trained.model.tokens)
    assert longest == 3
    assert characters_in("a从é".encode()) == 3


def test_the_same_text_gives_the_same_bytes(prose):
    config = TokenizerConfig(kind="bpe", vocab_size=420)
    first, second = (train_bpe(prose, config, ["english"]).model_bytes() for _ in range(2))
    assert first == second
    assert train_bpe(reversed(prose), config, ["english"]).model_bytes() == first


@pytest.mark.parametrize("split", SPLITS)
def test_many_blanks_in_a_row_are_cut_on_our_side_with_the_same_ids(bpe, split):
    ours = with_split(bpe, split)
    theirs = tiktoken.Encoding("made", pat_str=pattern_of(split), mergeable_ranks=ours.ranks, special_tokens={})
    for text in ("a" + " " * 5000 + "b", "\n" * 3000, " \t" * 2000 + "it's", "a\r\n" + " " * 999 + "b"):
        assert ours.encode(text) == theirs.encode_ordinary(text)


def test_a_million_of_the_same_is_no_trouble(bpe):
    """A million blanks are more than the engine itself can take."""
    for text in (" " * 1_000_000 + "x", "a" * 1_000_000, "从" * 300_000):
        assert bpe.decode(bpe.encode(text)) == text
