"""The picture of the study, from its results alone."""

from pathlib import Path
from typing import Annotated

import typer
from matplotlib.figure import Figure

from llmlab.artifacts.manifest import read_json
from llmlab.viz.theme import bare, save_picture


def main(results: Annotated[Path, typer.Option()], picture: Annotated[Path, typer.Option()]) -> None:
    """Draw it."""
    lines = read_json(results, "measure")["lines"]

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.bar([int(length) for length in lines], list(lines.values()), width=9, align="edge")
        axes.set_title("Lines by their length in characters")
        bare(axes, "y")

    save_picture(picture, (7, 3.5), paint)


if __name__ == "__main__":
    typer.run(main)
