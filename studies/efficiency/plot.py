"""The table and the picture of the study, from its results alone. See dvc.yaml for how it is called."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from llmlab.artifacts.atomic import write_text
from llmlab.artifacts.manifest import read_json
from llmlab.pipeline.stage import run_stage
from llmlab.viz.theme import INK, bare, save_picture

_COLUMNS = ("seconds", "seconds_from", "seconds_to", "first_step", "memory_mib", "estimate_mib", "loss")


def main(*, results: Path, table: Path, picture: Path) -> None:
    """Write both."""
    measured = read_json(results, "measure")["variants"]
    # Files are sorted by name; what the others are held against comes first.
    found = {name: measured[name] for name in sorted(measured, key=lambda name: name != "plain")}
    rows = [f"{name},{','.join(str(each[column]) for column in _COLUMNS)}" for name, each in found.items()]
    write_text(table, "\n".join([",".join(("variant", *_COLUMNS)), *rows]) + "\n")
    save_picture(picture, (10, 3.6), lambda figure: _paint(figure, found))


def _paint(figure: Figure, found: dict[str, Any]) -> None:
    time, memory = figure.subplots(1, 2, sharey=True)
    _bars(time, found, "seconds", "Processor seconds a step", "{:.2f}")
    for place, each in enumerate(found.values()):
        time.plot([each["seconds_from"], each["seconds_to"]], [place, place], color=INK, linewidth=1.4)
    _bars(memory, found, "memory_mib", "Peak memory above the program's own, MiB", "{:.0f}")


def _bars(axes: Axes, found: dict[str, Any], column: str, title: str, form: str) -> None:
    names, values = list(found), [each[column] for each in found.values()]
    plain = values[0]
    axes.barh(range(len(names)), values, color=["#6a737d", *["#0072B2"] * (len(names) - 1)], height=0.6)
    for place, value in enumerate(values):
        text = form.format(value) + ("" if place == 0 else f" ({value / plain:.2f}×)")
        axes.annotate(text, (value, place), (6, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, 1.25 * max(values))
    axes.invert_yaxis()
    axes.set_title(title)
    bare(axes, "x")


if __name__ == "__main__":
    run_stage(main)
