"""One part of the study with one seed: `python run.py --part arithmetic --seed 1 --spine ../.. --out FILE`."""

from pathlib import Path

import arithmetic
import smalltalk

from llmlab.artifacts.params import load_value
from llmlab.pipeline.stage import run_stage


def main(*, part: str, seed: int, spine: Path, out: Path) -> None:
    """Run all arms from one start and write what they came to."""
    if part == "arithmetic":
        arithmetic.run(seed, out)
    elif part == "longer":
        arithmetic.run(seed, out, load_value(Path("params.yaml"), "longer", dict[str, int])["times"])
    else:
        smalltalk.run(seed, spine, out)


if __name__ == "__main__":
    run_stage(main)
