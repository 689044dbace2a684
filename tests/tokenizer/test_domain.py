import random
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.curriculum import train_domain
from llmlab.tokenizer.domain import MARKS, Domain, DomainTokenizer

PIECE = re.compile(r"\n+|(?P<number>[0-9]+)|(?P<key>[a-z]+:)|\s?[^\W\d]+|[\s\S]")
DOUBLED = MARKS[0]


class Notes(Domain):
    """Words, keys such as `at:`, numbers spelt out; a doubled exclamation mark is written as a mark."""

    kind = "notes"
    crossing = frozenset({"word", "line", "key"})
    opening = frozenset({"line"})
    whole = frozenset({"key", "number"})
    spelt = frozenset({"number"})

    def segments(self, text):
        for match in PIECE.finditer(text):
            yield match[0], match.lastgroup or ("line" if match[0][0] == "\n" else "word")

    def rewrite(self, text):
        return text.replace("!!", DOUBLED)

    def restore(self, text):
        return text.replace(DOUBLED, "!!")


def made():
    """Notes of a few words, so that many pairs of them occur again."""
    draw = random.Random(3)
    words = "the cat sat on a mat and all of it was here there then again away once more down up out".split()
    for _ in range(300):
        note = " ".join(draw.choices(words, k=8))
        yield f"{draw.choice(['at:', 'put:'])} {note}{draw.choice(['!!', '', ' 77', ' 1234'])}\n"


TEXTS = ["".join(made())]


def train(texts=TEXTS, vocab_size=400, **changes):
    given = {"vocab_size": vocab_size, "superwords": 0.5, "max_piece_length": 30, **changes}
    return train_domain(Notes(), texts, TokenizerConfig(**given), ["english"])


@pytest.fixture(scope="module")
def notes():
    return train()


@given(st.text() | st.text(alphabet="at: 12!\n"))
@settings(max_examples=100, deadline=None)
def test_any_text_comes_back_exactly(notes, text):
    assert notes.decode(notes.encode(text)) == text


def test_every_string_comes_back_exactly(notes, strings):
    for text, ids in zip(strings[:3000], notes.encode_batch(strings[:3000]), strict=True):
        assert notes.decode(ids) == text


def test_runs_join_what_may_be_crossed_and_begin_where_one_opens():
    text = "at: the cat 12 sat\non 3"
    assert list(Notes().runs(text)) == [
        ("at: the cat ", "key"), ("12", "number"), (" sat", "word"), ("\non ", "line"), ("3", "number"),
    ]  # fmt: skip
    assert list(Domain.runs(Notes(), "")) == []


def test_tokens_cross_pieces_of_a_run_only(notes):
    tokens = [token for token in map(notes.token_bytes, range(notes.vocab_size)) if token]
    assert any(b" " in token.strip() for token in tokens)
    assert not any(b"\n" in token.lstrip(b"\n") for token in tokens)
    assert not any(token.strip(b"0123456789") and re.search(rb"[0-9]", token) for token in tokens)
    within = train(superwords=0, vocab_size=330)
    assert not any(b" " in token.strip() for token in map(within.token_bytes, range(within.vocab_size)))


def test_a_frequent_segment_is_one_token_and_a_rare_one_is_spelt_out(notes):
    assert len(notes.encode("1234")) == 1
    assert len(notes.encode("77")) == 1
    assert list(map(notes.token_bytes, notes.encode("7712"))) == [b"7", b"7", b"1", b"2"]


def test_a_mark_joins_with_what_stands_beside_it(notes):
    assert any(b"\xc0" in token and len(token) > 1 for token in map(notes.token_bytes, range(notes.vocab_size)))


def test_marks_that_a_model_writes_are_restored_or_replaced(notes):
    bytes_ = {notes.token_bytes(token): token for token in range(notes.vocab_size)}
    assert notes.decode([bytes_[b"\xc0"], bytes_[b"a"]]) == "!!a"
    assert notes.decode([bytes_[b"\xff"], bytes_[b"a"]]) == "\ufffda"
    assert notes.decode([bytes_[b"\xe4"], bytes_[b"a"]]) == "\ufffda"


def test_who_rewrites_says_so(notes):
    class Plain(Notes):
        kind = "plain"
        rewrite = Domain.rewrite
        restore = Domain.restore

    plain = train_domain(Plain(), TEXTS, TokenizerConfig(vocab_size=330), ["english"])
    assert notes.rewrites
    assert not plain.rewrites


def test_training_twice_gives_the_same_model(notes):
    assert train().model_bytes() == notes.model_bytes()


def test_a_run_is_spelt_in_the_fewest_tokens(notes):
    run = "at: the cat sat on a mat"
    known = set(map(notes.token_bytes, range(notes.vocab_size)))
    fewest = [0]
    for end in range(1, len(run) + 1):
        fewest.append(1 + min(fewest[start] for start in range(end) if run[start:end].encode() in known))
    assert len(notes.encode(run)) == fewest[-1]


def test_bad_input(notes, refuses):
    refuses(["U+D801"], notes.encode, "a\ud801")
    refuses(["U+DCC0"], notes.encode, "a" + MARKS[0])
    refuses(["U+DCC0"], train, ["a" + MARKS[0]])
    refuses(["no text"], train, [])
    refuses(["supports", "vocab_size"], train, ["abab"])
    refuses(["outside the vocabulary"], notes.decode, [400])

    class Other(Notes):
        kind = "other"

    refuses(["of kind 'notes', not 'other'", "train_tokenizer"], DomainTokenizer, Other(), notes.model_bytes())
    refuses(
        ["is cut or broken"], DomainTokenizer, Notes(), notes.model_bytes().rpartition(b"\n")[0].rpartition(b"\n")[0]
    )
    refuses(
        ["spelt by merges", "train_tokenizer"],
        DomainTokenizer,
        Notes(),
        replace(notes.model, spelling="merges").to_bytes(),
    )
