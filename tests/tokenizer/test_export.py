import json

import pytest
from tokenizers import Tokenizer

from llmlab.tokenizer.bpe import BpeTokenizer
from llmlab.tokenizer.export import pairs_of, printable, to_hf, to_tiktoken
from llmlab.tokenizer.ranks import RankModel, parse_ranks
from llmlab.tokenizer.splits import SPLITS


@pytest.mark.parametrize("split", SPLITS)
def test_the_hf_library_gives_the_same_ids(bpe, strings, split):
    model = RankModel(split=split, tokens=bpe.model.tokens, special=bpe.model.special)
    ours = BpeTokenizer(model.to_bytes())
    theirs = Tokenizer.from_str(json.dumps(to_hf(ours)))
    theirs.encode_special_tokens = True
    assert [each.ids for each in theirs.encode_batch(strings)] == ours.encode_batch(strings)
    assert theirs.get_vocab_size() == ours.vocab_size


def test_the_hf_library_reads_special_tokens_and_decodes(bpe, strings):
    theirs = Tokenizer.from_str(json.dumps(to_hf(bpe)))
    assert theirs.encode("<|bos|>fox").ids == [bpe.special["<|bos|>"], *bpe.encode("fox")]
    for text in strings[:500]:
        ids = bpe.encode(text)
        assert theirs.decode(ids, skip_special_tokens=False) == text == bpe.decode(ids)


def test_the_file_of_ranks_makes_the_same_tokenizer(bpe):
    tokens = parse_ranks(to_tiktoken(bpe), "made")
    assert tuple(tokens) == bpe.model.tokens


def test_pairs_are_recovered_from_ranks(bpe):
    """Each token beyond the bytes is its pair joined, both older than itself."""
    pairs = pairs_of(bpe.ranks)
    assert [left + right for left, right in pairs] == list(bpe.model.tokens[256:])
    assert all(max(bpe.ranks[left], bpe.ranks[right]) < bpe.ranks[left + right] for left, right in pairs)


def test_a_token_that_no_merge_reaches_has_no_pair():
    tokens = [bytes([byte]) for byte in range(256)]
    ranks = {token: rank for rank, token in enumerate([*tokens, b"ab", b"abcd"])}
    assert pairs_of(ranks) == [(b"a", b"b")]


def test_bytes_as_characters():
    assert printable(" \n\ta从".encode()) == "ĠĊĉaä»İ"


def test_other_kinds_are_refused(tokenizer, refuses):
    for write in (to_hf, to_tiktoken):
        refuses(["'spm'", "not made of merges"], write, tokenizer)
