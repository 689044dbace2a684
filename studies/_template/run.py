"""How long lines are. A study's program: read params, call the library, write one file of results."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.params import load_section

ROOT = Path("../..")


@dataclass(frozen=True, kw_only=True)
class LinesConfig:
    """Section `lines` of the study's params.yaml."""

    glob: str
    """Files to read, from the project's root."""


def main(results: Annotated[Path, typer.Option()]) -> None:
    """Count lines by their length in tens of characters."""
    config = load_section(Path("params.yaml"), "lines", LinesConfig)
    lengths: Counter[int] = Counter()
    for path in sorted(ROOT.glob(config.glob)):
        lengths.update(len(line) // 10 * 10 for line in path.read_text(encoding="utf-8").splitlines())
    write_json(results, {"lines": {str(length): lengths[length] for length in sorted(lengths)}})


if __name__ == "__main__":
    typer.run(main)
