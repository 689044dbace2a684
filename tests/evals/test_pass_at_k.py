import math
from itertools import combinations

import pytest

from llmlab.evals.pass_at_k import mean_pass_at_k, pass_at_k


@pytest.mark.parametrize(
    ("samples", "correct", "k", "value"),
    [(10, 3, 1, 0.3), (10, 3, 5, 0.9166666667), (6, 2, 3, 0.8), (5, 0, 3, 0.0), (5, 5, 1, 1.0), (4, 2, 3, 1.0)],
)
def test_known_values(samples: int, correct: int, k: int, value: float) -> None:
    assert pass_at_k(samples, correct, k) == pytest.approx(value, abs=1e-9)


def test_it_is_the_share_of_draws_with_a_right_one_among_them() -> None:
    for samples in range(1, 8):
        for correct in range(samples + 1):
            for k in range(1, samples + 1):
                draws = list(combinations(range(samples), k))
                share = sum(min(draw) < correct for draw in draws) / len(draws)
                assert pass_at_k(samples, correct, k) == pytest.approx(share, abs=1e-12)


def test_the_plug_in_estimate_is_lower() -> None:
    assert pytest.approx(0.832, abs=1e-3) == 1 - (1 - 3 / 10) ** 5
    assert pass_at_k(10, 3, 5) > 1 - (1 - 3 / 10) ** 5


@pytest.mark.parametrize(("samples", "correct", "k"), [(3, 1, 4), (3, 4, 1), (3, 1, 0), (3, -1, 1)])
def test_what_is_not_defined_is_refused(samples: int, correct: int, k: int) -> None:
    with pytest.raises(ValueError, match="not defined"):
        pass_at_k(samples, correct, k)


def test_averaged_over_problems() -> None:
    assert mean_pass_at_k([10, 3, 0], 10, 1) == pytest.approx((1 + 0.3 + 0) / 3)
    assert math.isnan(mean_pass_at_k([], 10, 1))
