"""One domain with one seed, all arms: `python run.py --domain verse --seed 1 … --out results/verse-1.json`."""

from pathlib import Path
from typing import Any

from arms import PARAMS, bits, read_arms, read_field, report, tune

from llmlab.artifacts.manifest import read_json
from llmlab.artifacts.metrics import rounded, write_metrics
from llmlab.artifacts.params import load_section
from llmlab.pipeline.stage import run_stage
from llmlab.train.config import TrainConfig


def main(*, domain: str, seed: int, texts: Path, base: Path, rates: Path, out: Path) -> None:
    """Run every arm at the rate found for it; the report is written after each."""
    field = read_field(texts, base, domain)
    config = load_section(PARAMS, "train", TrainConfig)
    best = read_json(rates, "rates")
    start = {"new": rounded(bits(field.base, field.test), 4), "old": rounded(bits(field.base, field.old), 4)}
    found: dict[str, Any] = {"start": start}
    for name, arm in read_arms().items():
        if arm.only in ("", domain):
            rate = best[arm.rate_of]["best"]
            scratch = Path(".scratch") / f"{domain}-{seed}-{name}"
            found[name] = report(field, tune(field, arm, config, rate, seed, scratch), rate)
            write_metrics(out, found)


if __name__ == "__main__":
    run_stage(main)
