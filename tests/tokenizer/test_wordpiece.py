import pytest
from tokenizers import models

from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.export import printable
from llmlab.tokenizer.splits import splitter
from llmlab.tokenizer.wordpiece import WordPieceTokenizer, longest_match, train_wordpiece


@pytest.fixture(scope="module")
def trained(bpe):
    """The vocabulary that `bpe` learned, encoded by the longest match."""
    return WordPieceTokenizer(bpe.model_bytes())


def test_every_string_comes_back_exactly(trained, strings):
    for text, ids in zip(strings[:4000], trained.encode_batch(strings[:4000]), strict=True):
        assert trained.decode(ids) == text


def test_ids_are_those_of_the_hf_library(trained, bpe, strings):
    """Its WordPiece without the mark of what continues a word, on words of at most 100 characters, its own limit."""
    vocab = {printable(token): rank for token, rank in bpe.ranks.items()}
    theirs = models.WordPiece(vocab, unk_token="!", continuing_subword_prefix="", max_input_chars_per_word=100_000)
    cut = splitter("cl100k")
    for text in strings[:3000]:
        expected = [token.id for piece in cut(text) for token in theirs.tokenize(printable(piece.encode()))]
        assert trained.encode(text) == expected


def test_the_longest_match_is_taken_first():
    ids = {b"a": 0, b"b": 1, b"c": 2, b"ab": 3, b"bc": 4, b"abc": 5, b"bcb": 6}
    assert longest_match(b"abcb", ids, 3) == [5, 1]
    assert longest_match(b"bcbc", ids, 3) == [6, 2]
    assert longest_match(b"", ids, 3) == []


def test_the_vocabulary_is_that_of_bpe(prose, bpe):
    config = TokenizerConfig(kind="wordpiece", vocab_size=700)
    trained = train_wordpiece(prose, config, ["smalltalk", "english", "chinese"])
    assert trained.model_bytes() == bpe.model_bytes()
    assert dict(trained.special) == dict(bpe.special)


def test_bad_input(trained, refuses):
    refuses(["U+D801"], trained.encode, "a\ud801")
    refuses(["model file is broken"], WordPieceTokenizer, b"")
    refuses(["no text"], train_wordpiece, [], TokenizerConfig(), ["english"])
    refuses(["supports"], train_wordpiece, ["ab"], TokenizerConfig(), ["english"])
