"""Every variant in turn, again and again: `python run.py --split ../../data/split --out results.json`."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section, read_params
from llmlab.pipeline.stage import run_stage
from llmlab.train.trial import once

SCRATCH = Path(".scratch")


@dataclass(frozen=True, kw_only=True)
class PlainConfig:
    """Section `plain` of the study's params.yaml."""

    model: dict[str, Any]
    """The model that all variants change."""
    train: dict[str, Any]
    """How it is trained where a variant says nothing else."""
    warm: int
    """First steps, whose time does not count: memory is found, kernels are compiled."""
    repeats: int
    """Processes for each variant, interleaved."""


def main(*, split: Path, out: Path) -> None:
    """Run the processes; what is measured is not measured again."""
    config = load_section(Path("params.yaml"), "plain", PlainConfig)
    variants: dict[str, Any] = read_params(Path("params.yaml"))["variants"]
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in variants}
    for repeat in range(config.repeats):
        for name, changed in variants.items():
            shapes = {"plain": {"model": config.model, "train": config.train}, "changed": changed, "repeat": repeat}
            runs[name].append(once(SCRATCH, shapes, lambda _, name=name: _measure(name, split)))  # type: ignore[misc]
            print(f"{name} {repeat + 1}/{config.repeats}", flush=True)
    first = next(iter(runs.values()))[0]
    report = {name: _summary(own, config.warm) for name, own in runs.items()}
    machine = {name: first[name] for name in ("processor", "has_bf16", "parameters", "flops_per_step")}
    write_metrics(out, {"machine": machine, "variants": report})


def _measure(name: str, split: Path) -> dict[str, Any]:
    command = [sys.executable, "one.py", "--variant", name, "--split", str(split)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"variant {name} failed: {done.stderr.strip()[-400:]}", "run `one.py` by hand to see all of it")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _summary(runs: list[dict[str, Any]], warm: int) -> dict[str, Any]:
    """Median seconds of a step, the range of processes' medians (of steps, with one process), memory, and the loss."""
    # The last step has the validation in it.
    counted = [run["seconds"][warm:-1] for run in runs]
    steps = [second for each in counted for second in each] if len(runs) == 1 else [median(each) for each in counted]
    return {
        "seconds": round(median(second for each in counted for second in each), 4),
        "seconds_from": round(min(steps), 4),
        "seconds_to": round(max(steps), 4),
        "first_step": round(median(run["seconds"][0] for run in runs), 2),
        "memory_mib": round(median(run["memory_mib"] for run in runs), 1),
        "estimate_mib": runs[0]["estimate_mib"],
        "loss": runs[0]["loss"],
        "repeats_itself": len({run["loss"] for run in runs}) == 1,
    }


if __name__ == "__main__":
    run_stage(main)
