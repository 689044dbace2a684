import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from llmlab.tokenizer import bpe, merges
from llmlab.tokenizer.splits import splitter

FEW = st.lists(st.lists(st.integers(0, 3), max_size=12), max_size=12)


@settings(deadline=None)
@given(FEW, st.integers(0, 12), st.integers(1, 9))
def test_arrays_learn_what_the_plain_version_learns(words, wanted, longest):
    """Words of few letters, where counts tie and pairs overlap themselves."""
    counts = [1 + len(word) % 3 for word in words]
    sizes = [1, 1, 0, 1]
    assert merges.learn_merges(words, counts, sizes, wanted, longest) == bpe.learn_merges(
        words, counts, sizes, wanted, longest
    )


def test_arrays_learn_what_the_plain_version_learns_from_real_words(prose):
    counted = bpe.count_pieces(prose, splitter("cl100k"))
    words = [piece.encode().translate(bpe.RANK_OF_BYTE) for piece in counted]
    arguments = (words, list(counted.values()), [1] * 256, 150, 64)
    assert merges.learn_merges(*arguments) == bpe.learn_merges(*arguments)


def test_merges_are_those_of_the_hf_library(prose):
    counted = bpe.count_pieces(prose, splitter("gpt2"))
    words = [piece.encode().translate(bpe.RANK_OF_BYTE) for piece in counted]
    ours = merges.learn_merges(words, list(counted.values()), [1] * 256, 500, 64)
    theirs = Tokenizer(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=756, show_progress=False, initial_alphabet=alphabet, min_frequency=2, max_token_length=64
    )
    theirs.train_from_iterator(prose, trainer)
    tokens = [chr(byte) for byte in range(256)]
    names = theirs.get_vocab(with_added_tokens=False)
    spelt = {rank: name for name, rank in names.items()}
    tokens = [spelt[rank] for rank in range(256)]
    for left, right in ours:
        tokens.append(tokens[left] + tokens[right])
    assert [spelt[rank] for rank in range(756)] == tokens


@pytest.mark.parametrize("learn", [merges.learn_merges, bpe.learn_merges])
def test_each_pair_is_the_most_frequent_one_at_its_turn(learn):
    """By counting everything anew at every step, which is the definition."""
    draw = random.Random(3)
    words = [[draw.choice((0, 1, 1, 2)) for _ in range(draw.randrange(1, 9))] for _ in range(40)]
    counts = [draw.randrange(1, 5) for _ in words]
    learned = learn(words, counts, [1, 1, 1], 20, 64)
    assert len(learned) == 20
    for made, pair in enumerate(learned, 3):
        totals = {}
        for word, count in zip(words, counts, strict=True):
            for each in pairwise(word):
                totals[each] = totals.get(each, 0) + count
        assert pair == min(totals, key=lambda each: (-totals[each], each))
        words = [bpe.join(word, pair, made) for word in words]


@pytest.mark.parametrize("learn", [merges.learn_merges, bpe.learn_merges])
def test_edges(learn):
    assert learn([], [], [1], 5, 9) == []
    assert learn([[], [0], [1]], [9, 9, 9], [1, 1], 5, 9) == []
    assert learn([[0, 1]], [1], [1, 1], 5, 9) == []  # a pair that occurs once is not worth a token
    assert learn([[0, 1]], [2], [1, 1], 5, 9) == [(0, 1)]
    assert learn([[0] * 8], [1], [1], 5, 9) == [(0, 0), (1, 1)]
    assert learn([[0] * 8], [1], [1], 5, 3) == [(0, 0)]
    assert learn([[0] * 8], [2], [1], 5, 9) == [(0, 0), (1, 1), (2, 2)]
    assert learn([[0, 1]], [2], [1, 1], 0, 9) == []
