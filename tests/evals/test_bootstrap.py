import math

import numpy as np
import pytest

from llmlab.evals.bits_per_byte import Scored
from llmlab.evals.bootstrap import difference_interval, interval, mean_interval, share_interval


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.mark.parametrize(
    ("hits", "size", "low", "high"),
    [
        # Newcombe 1998 (Statistics in Medicine 17:857-872), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 1 - 0.1611, 1.0),
    ],
)
def test_wilson_equals_the_published_table(hits: int, size: int, low: float, high: float) -> None:
    assert share_interval(hits, size) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("size", [1, 2, 7, 100])
def test_wilson_stays_between_zero_and_one_and_holds_the_share(size: int) -> None:
    for hits in range(size + 1):
        low, high = share_interval(hits, size)
        assert 0 <= low <= hits / size <= high <= 1
        mirrored = share_interval(size - hits, size)
        assert (low, high) == pytest.approx((1 - mirrored[1], 1 - mirrored[0]))


def test_no_items_have_no_interval() -> None:
    assert all(map(math.isnan, share_interval(0, 0)))
    assert all(map(math.isnan, interval(lambda chosen: 0.0, 0, generator())))


def test_the_interval_of_a_mean_covers_it_about_as_often_as_it_says() -> None:
    rng = generator(1)
    covered = 0
    for _ in range(200):
        values = rng.normal(3, 2, size=40)
        low, high = interval(lambda chosen, values=values: float(values[chosen].mean()), 40, rng, draws=300)
        covered += low <= 3 <= high
    assert 0.88 <= covered / 200 <= 0.985


def test_the_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    values = generator(2).normal(0, 1, size=400)
    low, high = interval(lambda chosen: float(values[chosen].mean()), 400, generator(), draws=4000)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.06)
    assert low < values.mean() < high


def scored(nats: np.ndarray, size: np.ndarray) -> Scored:
    return Scored(nats, np.ones(len(nats), dtype=int), size, ["english"] * len(nats))


def test_documents_are_resampled_in_pairs() -> None:
    """A difference that is the same on every document has no spread, however much the documents differ."""
    rng = generator(3)
    size = rng.integers(50, 5000, size=30)
    nats = rng.normal(size * 1.5, 100)
    better = scored(nats - 0.25 * math.log(2) * size, size)
    assert difference_interval(better, scored(nats, size), generator()) == pytest.approx((-0.25, -0.25))
    assert difference_interval(better, better, generator()) == (0.0, 0.0)


def test_the_difference_lies_inside_its_interval_which_a_seed_fixes() -> None:
    rng = generator(4)
    size = rng.integers(50, 5000, size=30)
    ours, theirs = scored(rng.normal(size * 1.0, 50), size), scored(rng.normal(size * 1.2, 50), size)
    low, high = difference_interval(ours, theirs, generator(5))
    assert low < ours.bits_per_byte() - theirs.bits_per_byte() < high < 0
    assert difference_interval(ours, theirs, generator(5)) == (low, high)
    assert difference_interval(ours, theirs, generator(6)) != (low, high)


def test_no_documents_have_no_difference() -> None:
    nothing = scored(np.zeros(0), np.zeros(0, dtype=int))
    assert all(map(math.isnan, difference_interval(nothing, nothing, generator())))


def test_the_interval_of_a_mean_is_close_to_the_normal_one() -> None:
    """A mean of 400 coin throws: 1.96 standard errors of sqrt(p(1-p)/n) to either side."""
    low, high = mean_interval([1.0] * 100 + [0.0] * 300, generator())
    half = 1.96 * math.sqrt(0.25 * 0.75 / 400)
    assert low == pytest.approx(0.25 - half, abs=0.006)
    assert high == pytest.approx(0.25 + half, abs=0.006)
    assert mean_interval([0.5] * 9, generator()) == (0.5, 0.5)
    assert all(math.isnan(end) for end in mean_interval([], generator()))
