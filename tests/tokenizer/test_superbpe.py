import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.bpe import BpeTokenizer, encode_plainly, learn_tokens
from llmlab.tokenizer.splits import splitter
from llmlab.tokenizer.superbpe import train_superbpe


def train(prose, **changes):
    return train_superbpe(prose, TokenizerConfig(kind="superbpe", vocab_size=600, **changes), ["english"])


@pytest.fixture(scope="module")
def trained(prose):
    return train(prose, superwords=0.4, max_piece_length=30)


def spaced(tokenizer):
    """Tokens with a blank between two other characters."""
    return [token for token in tokenizer.model.tokens if b" " in token.strip() and b"\n" not in token.strip()]


def test_every_string_comes_back_exactly(trained, strings):
    for text, ids in zip(strings, trained.encode_batch(strings), strict=True):
        assert trained.decode(ids) == text


@given(st.text())
@settings(max_examples=100, deadline=None)
def test_any_text_comes_back_exactly(trained, text):
    assert trained.decode(trained.encode(text)) == text


def test_late_merges_cross_spaces_and_early_ones_do_not(trained, prose):
    assert len(spaced(trained)) > 10
    assert spaced(train(prose, superwords=0)) == []
    first = next(rank for rank, token in enumerate(trained.model.tokens) if token in set(spaced(trained)))
    early = 256 + round((len(trained.model.tokens) - 256) * 0.6)
    assert first >= early


def test_no_token_crosses_a_line(trained):
    assert all(b"\n" not in token.lstrip(b"\n") for token in trained.model.tokens)


def test_without_superwords_the_tokens_are_those_of_bpe_on_lines(prose):
    trained = train(prose, superwords=0)
    words = splitter("cl100k")
    lines = [line for text in prose for line in splitter("line")(text)]
    counted = {}
    for line in lines:
        for piece in words(line):
            counted[piece] = counted.get(piece, 0) + 1
    assert list(trained.model.tokens) == learn_tokens(counted, len(trained.model.tokens), 16)


def test_superwords_make_known_text_shorter(trained, prose):
    plain = BpeTokenizer(train(prose, superwords=0).model_bytes())
    assert sum(map(len, trained.encode_batch(prose))) < 0.9 * sum(map(len, plain.encode_batch(prose)))


def test_ids_are_those_of_the_plain_version(trained, strings, prose):
    for text in [*strings[:1000], *prose[0].splitlines()]:
        assert trained.encode(text) == encode_plainly(text, trained.ranks, splitter("line"))


def test_bad_input(trained, refuses):
    refuses(["U+D801"], trained.encode, "a\ud801")
    refuses(["no text"], train, [])
    refuses(["supports"], train, ["abab"])
