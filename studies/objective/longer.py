"""One encoder for several times as long, asked the same: does it learn at all? See dvc.yaml for how it is called."""

from dataclasses import dataclass, replace
from pathlib import Path

from run import SCRATCH, Arena

from llmlab.artifacts.manifest import hash_file
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section, to_dict
from llmlab.pipeline.stage import run_stage
from llmlab.train.trial import once


@dataclass(frozen=True, kw_only=True)
class LongerConfig:
    """Section `longer` of the study's params.yaml."""

    arm: str
    """Which arm."""
    times: int
    """How often its steps."""


def main(*, seed: int, split: Path, out: Path) -> None:
    """Train it and ask it."""
    config = load_section(Path("params.yaml"), "longer", LongerConfig)
    arena = Arena(seed, split)
    steps = arena.arms.train.steps * config.times
    arena.arms = replace(arena.arms, train=replace(arena.arms.train, steps=steps, validate_every=steps // 6))
    shapes = {name: to_dict(getattr(arena, name)) for name in ("arms", "cloze", "probe")}
    shapes |= {"seed": seed, "data": hash_file(split / "train.parquet"), "arm": config.arm}
    share = arena.arms.arms[config.arm]
    write_metrics(out, once(SCRATCH, shapes, lambda scratch: arena.run(config.arm, share, scratch)))


if __name__ == "__main__":
    run_stage(main)
