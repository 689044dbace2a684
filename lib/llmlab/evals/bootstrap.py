"""Intervals: how much a number would move with another test set of the same kind."""

from collections.abc import Callable, Sequence

import numpy as np

from llmlab.evals.bits_per_byte import Scored

_DRAWS = 2000


def interval(
    statistic: Callable[[np.ndarray], float], size: int, generator: np.random.Generator, draws: int = _DRAWS
) -> tuple[float, float]:
    """The 95% percentile bootstrap interval (Efron 1979) of `statistic(indices)` over `size` resampled items."""
    if size == 0:
        return (float("nan"), float("nan"))
    values = [statistic(generator.integers(size, size=size)) for _ in range(draws)]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def difference_interval(ours: Scored, theirs: Scored, generator: np.random.Generator) -> tuple[float, float]:
    """95% interval of our bits per byte minus theirs, documents resampled in pairs."""
    gap = (ours.nats - theirs.nats) / np.log(2)
    size = ours.text_bytes
    return interval(lambda chosen: float(gap[chosen].sum() / size[chosen].sum()), len(gap), generator)


def share_interval(hits: int, size: int) -> tuple[float, float]:
    """95% Wilson score interval of a share (Wilson 1927): right also near 0 and 1."""
    if size == 0:
        return (float("nan"), float("nan"))
    z = 1.959964
    share, weight = hits / size, z * z / size
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * float(np.sqrt(share * (1 - share) / size + weight / (4 * size)))
    return max(0.0, middle - half), min(1.0, middle + half)


def mean_interval(values: Sequence[float], generator: np.random.Generator) -> tuple[float, float]:
    """`interval` of a mean."""
    each = np.asarray(values, dtype=float)
    return interval(lambda chosen: float(each[chosen].mean()), len(each), generator)
