"""The learning rate of each arm that has one of its own, by walking: `python rates.py --domain verse … --out FILE`.

From a first guess the rate is doubled or halved while the loss of validation falls; a parabola through the best one
and its neighbours, over the logarithm of the rate, gives the answer. The seed is none of those reported.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arms import PARAMS, bits_of, read_arms, read_field, tune

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.metrics import rounded, write_metrics
from llmlab.artifacts.params import load_section
from llmlab.pipeline.stage import run_stage
from llmlab.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class RatesConfig:
    """Section `rates` of the study's params.yaml."""

    seed: int
    factor: float
    """Between one rate and the next."""
    most: int
    """Runs for one arm."""
    first: dict[str, float]
    """The arms that have rates of their own, and the first guess of each."""


def main(*, domain: str, texts: Path, base: Path, out: Path) -> None:
    """Walk for every arm."""
    field, arms = read_field(texts, base, domain), read_arms()
    config, walking = load_section(PARAMS, "train", TrainConfig), load_section(PARAMS, "rates", RatesConfig)
    scratch = Path(".scratch") / f"rates-{domain}"
    found: dict[str, Any] = {}
    for name, first in walking.first.items():
        if arms[name].only not in ("", domain):
            continue

        def loss(rate: float, name: str = name) -> float:
            try:
                return bits_of(tune(field, arms[name], config, rate, walking.seed, scratch), field.val)
            except LabError:  # a loss that is no number: much too fast
                return math.inf

        found[name] = walk(loss, first, walking)
        write_metrics(out, found)


def walk(loss: Callable[[float], float], first: float, config: RatesConfig) -> dict[str, Any]:
    """Every rate tried with its loss, and the best by a parabola."""
    seen: dict[int, float] = {}

    def at(place: int) -> float:
        if place not in seen:
            seen[place] = loss(first * config.factor**place)
        return seen[place]

    best = 0
    while len(seen) < config.most and not {best - 1, best, best + 1} <= seen.keys():
        # Upwards first, since a rate too low wastes a run and one too high spoils it.
        for place in (best, best + 1, best - 1):
            if place not in seen:
                at(place)
                break
        best = min(seen, key=lambda place: seen[place])
    tried = {f"{first * config.factor**place:.6g}": rounded(value, 4) for place, value in sorted(seen.items())}
    rate = first * config.factor ** (best + vertex(seen, best))
    return {"best": float(f"{rate:.4g}"), "closed": {best - 1, best + 1} <= seen.keys(), "tried": tried}


def vertex(seen: dict[int, float], best: int) -> float:
    """Where between the neighbours the parabola is lowest, in steps from the best place; 0 if unknown."""
    low, here, high = (seen.get(place, math.inf) for place in (best - 1, best, best + 1))
    if not (math.isfinite(low) and math.isfinite(high)) or low + high == 2 * here:
        return 0.0
    return (low - high) / (2 * (low - 2 * here + high))


if __name__ == "__main__":
    run_stage(main)
