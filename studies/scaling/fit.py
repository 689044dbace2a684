"""The law of the grid, and what it foretells of the larger run. See dvc.yaml for how it is called."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from law import Run, bootstrap, fit, frontier, interval, plain

from llmlab.artifacts.manifest import read_json
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section
from llmlab.pipeline.stage import run_stage
from llmlab.runtime.seed import numpy_generator

_SEED = 1


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """Section `fit` of the study's params.yaml."""

    draws: int
    """Bootstrap samples."""
    grid: int
    """Exponents tried in each direction."""


def main(*, results: Path, out: Path) -> None:
    """Fit to the grid alone; the held-out run only judges."""
    config = load_section(Path("params.yaml"), "fit", FitConfig)
    rows = [row for path in sorted(results.glob("*.json")) for row in read_json(path, "train")["runs"]]
    grid = [_run(row) for row in rows if row["role"] == "grid"]
    held_out = [_run(row) for row in rows if row["role"] != "grid"]
    target = held_out[0]
    law = fit(grid, grid=config.grid)
    draw = numpy_generator(_SEED, "scaling bootstrap")
    found = bootstrap(grid, target, config.draws, config.grid // 2, draw)
    real = float(np.mean([run.loss for run in held_out]))
    foretold = float(law.at(target.parameters, target.tokens))
    spread = [_pair_spread(rows, role) for role in ("grid", "held out")]
    write_metrics(
        out,
        {
            "law": {name: round(value, 5) for name, value in asdict(law).items()},
            "intervals": {name: found[name] for name in ("alpha", "beta", "floor")},
            "relative_residual": found["residual"],
            "seed_spread": spread[0],
            "runs": len(grid),
            "held_out": {
                "parameters": target.parameters,
                "tokens": target.tokens,
                "loss": round(real, 4),
                "foretold": round(foretold, 4),
                "interval": found["foretold"],
                "inside": found["foretold"][0] <= real <= found["foretold"][1],
                "error": round(foretold / real - 1, 4),
                "runs": len(held_out),
                **_naive(grid, target),
            },
            "plain": {name: _plain(grid, name, draw, config.draws) for name in ("parameters", "tokens", "flops")},
            "laws": found["laws"],
        },
    )


def _run(row: dict[str, Any]) -> Run:
    return Run(row["parameters"], row["tokens"], row["flops"], row["loss"])


def _naive(grid: Sequence[Run], target: Run) -> dict[str, Any]:
    """The baselines without a floor: a line in logarithms through the frontier of FLOPs, a plane over all runs."""
    best = frontier(grid)
    factor, power = plain([run.flops for run in best], [run.loss for run in best])
    logs = np.log([[np.e, run.parameters, run.tokens] for run in grid])
    plane = np.linalg.lstsq(logs, np.log([run.loss for run in grid]), rcond=None)[0]
    foretold = float(np.exp(plane @ np.log([np.e, target.parameters, target.tokens])))
    return {"by_flops_alone": round(factor * target.flops**-power, 4), "by_plane": round(foretold, 4)}


def _plain(grid: Sequence[Run], name: str, draw: np.random.Generator, draws: int) -> dict[str, Any]:
    """The plain law in one quantity, where the other is at its largest (of FLOPs: along the frontier)."""
    if name == "flops":
        chosen = frontier(grid)
    else:
        other = "tokens" if name == "parameters" else "parameters"
        most = max(getattr(run, other) for run in grid)
        chosen = [run for run in grid if getattr(run, other) == most]
    xs, losses = (np.array([getattr(run, each) for run in chosen]) for each in (name, "loss"))
    factor, power = plain(xs, losses)
    residuals = np.log(losses) - np.log(factor * xs**-power)
    residuals = residuals * np.sqrt(len(xs) / max(1, len(xs) - 2))
    powers = [plain(xs, factor * xs**-power * np.exp(draw.choice(residuals, len(xs))))[1] for _ in range(draws)]
    return {"factor": round(factor, 4), "power": round(power, 4), "interval": interval(powers), "runs": len(chosen)}


def _pair_spread(rows: Sequence[dict[str, Any]], role: str) -> float | None:
    """Mean standard deviation of the loss between seeds, over points that have several; null with one seed."""
    points: dict[tuple[int, int, int], list[float]] = {}
    for row in rows:
        if row["role"] == role:
            points.setdefault((row["depth"], row["width"], row["tokens"]), []).append(row["loss"])
    deviations = [float(np.std(losses, ddof=1)) for losses in points.values() if len(losses) > 1]
    return round(float(np.mean(deviations)), 4) if deviations else None


if __name__ == "__main__":
    run_stage(main)
