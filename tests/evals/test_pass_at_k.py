import math
from itertools import combinations

import pytest

from llmlab.evals.pass_at_k import mean_pass_at_k, pass_at_k


@pytest.mark.parametrize(
    ("samples", "correct", "k", "expected"),
    [(10, 3, 1, 0.3), (10, 3, 5, 0.9166666667), (6, 2, 3, 0.8), (4, 0, 2, 0.0)],
)
def test_known_values(samples, correct, k, expected):
    assert pass_at_k(samples, correct, k) == pytest.approx(expected, abs=1e-9)


def test_it_counts_all_choices():
    for samples in range(1, 8):
        for correct in range(samples + 1):
            for k in range(1, samples + 1):
                choices = list(combinations(range(samples), k))
                hits = sum(any(each < correct for each in choice) for choice in choices)
                assert pass_at_k(samples, correct, k) == pytest.approx(hits / len(choices), abs=1e-12)


def test_the_mean_is_over_problems():
    assert mean_pass_at_k([0, 2, 4], 4, 1) == pytest.approx(0.5)
    assert math.isnan(mean_pass_at_k([], 4, 1))


def test_more_than_there_is_cannot_be_chosen():
    with pytest.raises(ValueError, match="not defined"):
        pass_at_k(4, 1, 5)
