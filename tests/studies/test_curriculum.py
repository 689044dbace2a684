"""The orders of the study curriculum: the same rows, each once, easy ones early; and its statistics."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch

from llmlab.shards.batches import BatchSource
from llmlab.shards.format import Shard

STUDY = Path(__file__).parents[2] / "studies" / "curriculum"
CONTEXT = 8


def orders():
    return importlib.import_module("orders")


def draw(seed=1):
    return np.random.default_rng(seed)


def shard(lengths, languages):
    ids = draw().integers(0, 50, sum(lengths))
    starts = np.cumsum(lengths) - np.array(lengths)
    count = len(lengths)
    return Shard(ids, starts, np.array(lengths), languages, ["prose"] * count, [str(n) for n in range(count)])


def test_pacing_shows_every_row_once_and_easy_ones_early():
    difficulty = draw().random(400)
    order = orders().paced(difficulty, 0.2, 0.5, draw())
    assert sorted(order.tolist()) == list(range(400))
    ranks = np.argsort(np.argsort(difficulty))[order]
    assert ranks[:40].max() < 400 * orders().competence(40 / 400, 0.2, 0.5) + 1
    assert ranks[:80].mean() < 0.75 * ranks.mean()
    assert orders().competence(0, 0.2, 0.5) == pytest.approx(0.2)
    assert orders().competence(0.5, 0.2, 0.5) == orders().competence(1, 0.2, 0.5) == 1


def test_pacing_without_a_limit_is_shuffling():
    order = orders().paced(np.arange(200.0), 1.0, 1.0, draw())
    assert abs(np.corrcoef(np.arange(200), order)[0, 1]) < 0.2


def test_short_rows_are_the_same_bytes_and_targets():
    text = shard([200], ["english"])
    starts = orders().row_starts(text, CONTEXT, 12, draw())
    whole: BatchSource = orders().OrderedSource(text, starts, CONTEXT)
    growing: BatchSource = orders().GrowingRows(whole, [2, 4, 8], 12)
    for position, size in ((0, 2), (4, 4), (8, 8)):
        one, other = whole.batch(position, 4), growing.batch(position, 4)
        assert other.ids_BT.shape == (4 * CONTEXT // size, size)
        assert torch.equal(one.ids_BT.flatten(), other.ids_BT.flatten())
        assert torch.equal(one.targets_BT.flatten(), other.targets_BT.flatten())
    first = whole.batch(0, 1)
    assert first.ids_BT[0, 1:].tolist() == first.targets_BT[0, :-1].tolist()


def test_rare_pairs_are_hard():
    ids = np.concatenate([np.tile([1, 2], 100), draw().integers(10, 40, 200)])
    text = Shard(ids, np.zeros(1, np.int64), np.ones(1, np.int64), ["english"], ["prose"], ["0"])
    easy, hard = orders().surprise(text, np.array([16, 304]), CONTEXT)
    assert easy < 1 < hard


def test_length_is_a_rank_within_its_language():
    text = shard([8, 16, 80, 160], ["english", "english", "chinese", "chinese"])
    ranks = orders().document_lengths(text, np.array([0, 8, 24, 104]), CONTEXT)
    assert ranks.tolist() == [0, 1, 0, 1]


def test_paired_differences():
    """A textbook case: five differences of mean 1 and deviation 1 have the interval 1 ± 2.776 / sqrt 5."""
    plot = importlib.import_module("plot")
    values = np.array([-1.2649, -0.6325, 0, 0.6325, 1.2649]) + 1
    found = plot.paired(values.tolist())
    half = 2.776 * values.std(ddof=1) / np.sqrt(5)
    assert [found["low"], found["high"]] == pytest.approx([1 - half, 1 + half], abs=1e-3)
    assert plot.paired([1.0] * 4 + [1.1])["p"] == pytest.approx(2 / 32)
    assert not plot.paired([1.0, -1.0, 0.5, -0.5, 0.1])["holds"]
