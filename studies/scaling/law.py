"""Power laws of the loss: a parametric one in parameters and tokens, and a plain one in FLOPs, with intervals.

The parametric law is L(N, D) = E + A / N^alpha + B / D^beta (Hoffmann et al. 2022, arXiv 2203.15556, equation 2). For
given exponents it is linear in E, A and B, so the exponents are searched on a grid, and for each pair the rest is
solved for: no start to choose, and no local minimum to fall into (Golub & Pereyra 1973).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = Any
_LEVEL = (2.5, 97.5)


@dataclass(frozen=True)
class Run:
    """One finished run: parameters, tokens read, FLOPs, final loss in nats per token."""

    parameters: float
    tokens: float
    flops: float
    loss: float


@dataclass(frozen=True)
class Law:
    """E, A, alpha, B, beta of the parametric law."""

    floor: float
    a: float
    alpha: float
    b: float
    beta: float

    def at(self, parameters: Floats, tokens: Floats) -> Floats:
        """The loss that it foretells."""
        return self.floor + self.a * parameters**-self.alpha + self.b * tokens**-self.beta


def fit(runs: Sequence[Run], weights: Floats | None = None, grid: int = 41) -> Law:
    """The law with the least squares of relative errors; E, A and B are not negative.

    Args:
        runs: what to fit to.
        weights: how often each run counts (a bootstrap sample); None: once.
        grid: exponents tried between 0.05 and 1.5, and again between the neighbours of the best.
    """
    parameters, tokens, losses = (np.array([getattr(run, name) for run in runs]) for name in _FIELDS)
    scale = np.sqrt(np.ones(len(runs)) if weights is None else weights) / losses
    alphas = betas = np.linspace(0.05, 1.5, grid)
    for _ in range(2):
        alpha, beta = (each.ravel() for each in np.meshgrid(alphas, betas, indexing="ij"))
        errors, solved = _solve(parameters ** -alpha[:, None], tokens ** -beta[:, None], losses, scale)
        best = int(errors.argmin())
        step = alphas[1] - alphas[0]
        alphas, betas = (np.linspace(max(0.01, at - step), at + step, 9) for at in (alpha[best], beta[best]))
    floor, first, second = (float(each) for each in solved[best])
    return Law(floor, first, float(alpha[best]), second, float(beta[best]))


_FIELDS = ("parameters", "tokens", "loss")
# Terms that are used: all, and without those that would be negative.
_TERMS = ([0, 1, 2], [1, 2], [0, 1], [0, 2])


def _solve(x: Floats, y: Floats, losses: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Squared errors (G,) and E, A, B (G, 3) for G pairs of exponents at once; no term is negative."""
    columns = np.stack([np.ones_like(x), x, y], axis=2) * scale[:, None]
    wanted = losses * scale
    norms = np.linalg.norm(columns, axis=1, keepdims=True)
    columns = columns / norms
    errors, solved = np.full(len(x), np.inf), np.zeros((len(x), 3))
    for used in _TERMS:
        part = columns[:, :, used]
        gram = part.transpose(0, 2, 1) @ part + 1e-12 * np.eye(len(used))
        found = np.linalg.solve(gram, part.transpose(0, 2, 1) @ wanted[:, None])[..., 0]
        error = (((part @ found[..., None])[..., 0] - wanted) ** 2).sum(axis=1)
        better = (found >= 0).all(axis=1) & (error < errors)
        errors[better] = error[better]
        whole = np.zeros((len(x), 3))
        whole[:, used] = found
        solved[better] = whole[better]
    return errors, solved / norms[:, 0]


def plain(xs: Floats, losses: Floats) -> tuple[float, float]:
    """L = k x^-gamma without a floor: k and gamma, by least squares of logarithms (Kaplan et al. 2020, 2001.08361)."""
    slope, middle = np.polyfit(np.log(xs), np.log(losses), 1)
    return float(np.exp(middle)), float(-slope)


def frontier(runs: Sequence[Run]) -> list[Run]:
    """The runs that no cheaper one is as good as: loss against FLOPs where they are well spent."""
    kept: list[Run] = []
    for run in sorted(runs, key=lambda each: each.flops):
        if not kept or run.loss < kept[-1].loss:
            kept.append(run)
    return kept


def interval(values: Sequence[float]) -> list[float]:
    """The middle 95 % of bootstrap values (Efron 1979)."""
    return [round(float(each), 4) for each in np.percentile(values, _LEVEL)]


def bootstrap(
    runs: Sequence[Run], target: Run, draws: int, grid: int, generator: np.random.Generator
) -> dict[str, Any]:
    """Intervals of the exponents and of the foretold loss: runs drawn anew with replacement, residuals added.

    The interval of the foretold loss holds the spread of a single run too, by a residual of the fit drawn each time.
    """
    law = fit(runs, grid=grid)
    fitted = np.array([law.at(run.parameters, run.tokens) for run in runs])
    # Five numbers were fitted, so the residuals are too small by that much.
    inflation = np.sqrt(len(runs) / max(1, len(runs) - 5))
    residuals = (np.log([run.loss for run in runs]) - np.log(fitted)) * inflation
    laws, foretold = [], []
    for _ in range(draws):
        losses = fitted * np.exp(generator.choice(residuals, len(runs)))
        sample = [Run(run.parameters, run.tokens, run.flops, loss) for run, loss in zip(runs, losses, strict=True)]
        drawn = fit(sample, grid=grid)
        laws.append(drawn)
        noise = float(np.exp(generator.choice(residuals)))
        foretold.append(float(drawn.at(target.parameters, target.tokens)) * noise)
    return {
        "alpha": interval([each.alpha for each in laws]),
        "beta": interval([each.beta for each in laws]),
        "floor": interval([each.floor for each in laws]),
        "foretold": interval(foretold),
        "residual": round(float(np.std(residuals)), 5),
        "laws": [[each.floor, each.a, each.alpha, each.b, each.beta] for each in laws[:60]],
    }
