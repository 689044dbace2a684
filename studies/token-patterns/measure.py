"""Work out shares, intervals and tests from the counts."""

from pathlib import Path
from typing import Annotated

import typer
from results import Measure, MeasureConfig

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.manifest import read_json
from llmlab.artifacts.params import load_section, load_value

PARAMS = Path("params.yaml")


def main(counts: Annotated[Path, typer.Option()], results: Annotated[Path, typer.Option()]) -> None:
    """Measure."""
    config = load_section(PARAMS, "measure", MeasureConfig)
    found = Measure(read_json(counts, "count"), config, load_value(PARAMS, "seed", int))
    write_json(results, found.all())


if __name__ == "__main__":
    typer.run(main)
