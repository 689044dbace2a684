import random

import pytest

from llmlab.corpus.distinct import DistinctCounter


def test_exact_while_there_are_few() -> None:
    rng = random.Random(0)
    counter, seen = DistinctCounter(most=4096), set()
    for _ in range(3):
        for number in (rng.randrange(4000) for _ in range(3000)):
            counter.add(str(number))
            seen.add(number)
        assert counter.count() == len(seen)
    assert DistinctCounter().count() == 0


@pytest.mark.parametrize("different", [20_000, 150_000])
def test_within_the_stated_error_when_there_are_many(different: int) -> None:
    """Every key twice; four standard errors, 1.2 / sqrt(most) each."""
    counter = DistinctCounter(most=4096)
    for number in [*range(different), *range(different)]:
        counter.add(f"key {number}")
    assert counter.count() == pytest.approx(different, rel=4 * 1.2 / 4096**0.5)
    assert counter.count() == counter.count()


def test_the_order_does_not_matter() -> None:
    keys = [f"key {number % 9000}" for number in range(20_000)]
    counts = []
    for seed in range(2):
        random.Random(seed).shuffle(keys)
        counter = DistinctCounter(most=512)
        for key in keys:
            counter.add(key)
        counts.append(counter.count())
    assert counts[0] == counts[1]
