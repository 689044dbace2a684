"""The chance that at least one of k samples is right, without bias, from n samples of which c were."""

import math
from collections.abc import Sequence


def pass_at_k(samples: int, correct: int, k: int) -> float:
    """1 - C(n-c, k) / C(n, k), as a product that does not overflow (Chen et al. 2021, arXiv 2107.03374, equation 1).

    The simpler 1 - (1 - c/n)^k is too low: 0.832 for (10, 3, 5), where this gives 0.917.

    Raises:
        ValueError: fewer samples than k, or more right ones than samples.
    """
    if not (0 < k <= samples and 0 <= correct <= samples):
        raise ValueError(f"pass@{k} of {correct} right ones among {samples} samples is not defined")
    if samples - correct < k:
        return 1.0
    return 1 - math.prod(1 - k / place for place in range(samples - correct + 1, samples + 1))


def mean_pass_at_k(counts: Sequence[int], samples: int, k: int) -> float:
    """Averaged over problems, of which each had `samples` samples and `counts` right ones; NaN without any."""
    return sum(pass_at_k(samples, count, k) for count in counts) / len(counts) if counts else math.nan
