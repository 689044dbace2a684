import random

import pytest

from llmlab.shards.pack import pack_best_fit


@pytest.mark.parametrize("row", [2, 5, 17, 64])
@pytest.mark.parametrize("seed", range(4))
def test_every_target_of_every_document_is_in_exactly_one_row(row, seed):
    random_ = random.Random(seed)
    lengths = [random_.randint(1, 3 * row) for _ in range(80)]
    targets = []
    for pieces in pack_best_fit(lengths, row):
        assert sum(stop - start for _, start, stop in pieces) <= row
        targets += [(document, place) for document, start, stop in pieces for place in range(start + 1, stop)]
    assert sorted(targets) == [(document, place) for document, n in enumerate(lengths) for place in range(1, n)]


def test_documents_that_fit_are_never_cut():
    lengths = [3, 8, 5, 2, 8, 1]
    pieces = [piece for row in pack_best_fit(lengths, 8) for piece in row]
    assert sorted(pieces) == [(document, 0, n) for document, n in enumerate(lengths)]


def test_best_fit_by_hand():
    # Longest first: 7 | 6 | 4; then 4 joins 4, 3 joins 6 (4 left, the tightest), 3 joins 7, 2 joins 4 + 4.
    assert pack_best_fit([2, 7, 3, 6, 3, 4, 4], 10) == [
        [(1, 0, 7), (2, 0, 3)],
        [(3, 0, 6), (5, 0, 4)],
        [(6, 0, 4), (4, 0, 3), (0, 0, 2)],
    ]


def test_a_long_document_is_full_rows_and_a_rest():
    assert pack_best_fit([10], 4) == [[(0, 0, 4)], [(0, 3, 7)], [(0, 6, 10)]]
    assert pack_best_fit([8], 4) == [[(0, 0, 4)], [(0, 3, 7)], [(0, 6, 8)]]


def test_rows_are_nearly_full():
    random_ = random.Random(5)
    lengths = [random_.randint(5, 200) for _ in range(1000)]
    rows = pack_best_fit(lengths, 256)
    assert sum(lengths) / (256 * len(rows)) > 0.98


def test_the_same_lengths_pack_the_same_way():
    lengths = [random.Random(1).randint(1, 30) for _ in range(200)]
    assert pack_best_fit(lengths, 32) == pack_best_fit(lengths, 32)
