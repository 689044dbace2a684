"""The fit of the study scaling: on losses made from a law that is known."""

import importlib
from pathlib import Path

import numpy as np
import pytest

STUDY = Path(__file__).parents[2] / "studies" / "scaling"
MADE = (1.7, 30.0, 0.45, 90.0, 0.5)


def module():
    return importlib.import_module("law")


def grid(noise=0.0, seed=1):
    law = module()
    made, random = law.Law(*MADE), np.random.default_rng(seed)
    return [
        law.Run(n, d, 6 * n * d, float(made.at(n, d)) * float(np.exp(noise * random.normal())))
        for n in (2e4, 5e4, 1e5, 2e5)
        for d in (3e4, 6e4, 1.2e5)
    ]


def test_a_law_without_noise_is_found_again():
    found = module().fit(grid(), grid=30)
    assert found.floor == pytest.approx(MADE[0], abs=0.03)
    assert found.alpha == pytest.approx(MADE[2], abs=0.03)
    assert found.beta == pytest.approx(MADE[4], abs=0.03)
    assert found.at(4e5, 2.4e5) == pytest.approx(module().Law(*MADE).at(4e5, 2.4e5), rel=1e-3)


def test_the_interval_holds_what_a_larger_run_gets():
    law = module()
    target = law.Run(4e5, 2.4e5, 0, 0)
    found = law.bootstrap(grid(noise=0.01), target, 40, 9, np.random.default_rng(2))
    low, high = found["foretold"]
    real = float(law.Law(*MADE).at(4e5, 2.4e5))
    assert low < real < high
    assert high - low < 0.4 * real
    assert found["alpha"][0] <= found["alpha"][1]


def test_no_term_is_negative():
    """Losses that rise with size: the term that would have to be negative is left out."""
    law = module()
    runs = [law.Run(n, d, n * d, 2.0 + n / 1e6) for n in (1e4, 1e5, 2e5) for d in (1e4, 1e5)]
    found = law.fit(runs, grid=9)
    assert min(found.floor, found.a, found.b) >= 0


def test_plain_law_and_frontier():
    law = module()
    xs = np.array([1e3, 1e4, 1e5])
    assert law.plain(xs, 7 * xs**-0.1) == pytest.approx((7, 0.1))
    runs = [law.Run(1, 1, flops, loss) for flops, loss in ((1, 3.0), (2, 3.5), (3, 2.0), (4, 2.0))]
    assert [run.flops for run in law.frontier(runs)] == [1, 3]
