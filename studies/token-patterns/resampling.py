"""Intervals and tests by resampling repositories: files of one repository are no independent witnesses.

Bootstrap: Efron & Tibshirani 1993, chapter 13 (percentile interval). Sign flips: Fisher 1935, section 21. Corrections:
Holm 1979; Benjamini & Hochberg 1995.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_FLIPS = 1 << 14


def interval(values: Sequence[float], draws: int, draw: np.random.Generator) -> tuple[float, float, float]:
    """Mean of one value per repository, and its 95 % interval over repositories drawn again with replacement."""
    data = np.asarray(values, float)
    means = data[draw.integers(0, len(data), (draws, len(data)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(data.mean()), float(low), float(high)


def sign_flip(differences: Sequence[float], draw: np.random.Generator) -> float:
    """p, two-sided, of the mean difference if each had the other sign as easily.

    All sign patterns where there are no more than `MOST_FLIPS`, else that many at random and the true one.
    """
    data = np.asarray(differences, float)
    count = len(data)
    if 2**count <= MOST_FLIPS:
        signs = 1 - 2 * (np.arange(2**count)[:, None] >> np.arange(count) & 1)
    else:
        signs = np.vstack([np.ones(count, int), draw.choice([-1, 1], (MOST_FLIPS - 1, count))])
    means = np.abs(signs @ data)
    # A hair of slack: the same sum in another order must count as equal.
    return float((means >= abs(data.sum()) * (1 - 1e-9)).mean())


def holm(values: Sequence[float]) -> list[float]:
    """p-values that may be compared with the level as they are: the chance of one false finding among all is kept."""
    order = np.argsort(values, kind="stable")
    scaled = np.asarray(values, float)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(scaled))
    return adjusted.tolist()


def benjamini_hochberg(values: Sequence[float]) -> list[float]:
    """The same for the share of false findings among those reported, as suits a list of many words."""
    order = np.argsort(values, kind="stable")[::-1]
    scaled = np.asarray(values, float)[order] * len(order) / np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(1, np.minimum.accumulate(scaled))
    return adjusted.tolist()
