"""The picture and the table of the study, from its results alone. See dvc.yaml for how it is called."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from llmlab.artifacts.atomic import write_text
from llmlab.artifacts.manifest import read_json
from llmlab.artifacts.metrics import write_metrics
from llmlab.pipeline.stage import run_stage
from llmlab.viz.theme import INK, MUTED, bare, save_picture

_COLORS = {"decoder": "#0072B2", "encoder-15": "#E69F00", "encoder-40": "#D55E00", "untrained": "#6a737d"}
# Figures of an arm: its column in the table, and where it stands in the results.
_FIGURES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "bits_left": lambda arm: arm["left"]["bits"],
    "bits_both": lambda arm: arm["both"]["bits"],
    "right_left": lambda arm: arm["left"]["right"],
    "right_both": lambda arm: arm["both"]["right"],
    "own_bits": lambda arm: arm["own_bits"],
    "probe": lambda arm: arm["probe"]["accuracy"],
    "targets": lambda arm: arm["targets"],
    "seconds": lambda arm: arm["seconds"],
}
Rows = list[dict[str, Any]]


def main(*, results: Path, table: Path, summary: Path, picture: Path) -> None:
    """Write all three."""
    rows: Rows = []
    for path in sorted(results.glob("*.json")):
        rows += [_row(int(path.stem), name, arm) for name, arm in read_json(path, "train").items()]
    columns = ("seed", "arm", *_FIGURES)
    lines = [",".join(columns), *(",".join(str(row.get(name, "")) for name in columns) for row in rows)]
    write_text(table, "\n".join(lines) + "\n")
    write_metrics(summary, summarize(rows))
    save_picture(picture, (11.5, 4.2), lambda figure: _paint(figure, rows))


def _row(seed: int, name: str, arm: dict[str, Any]) -> dict[str, Any]:
    control = "left" not in arm
    figures = {"probe": arm["probe"]["accuracy"]} if control else {key: of(arm) for key, of in _FIGURES.items()}
    return {"seed": seed, "arm": name, "commonest": arm["probe"]["commonest"], **figures}


def summarize(rows: Rows) -> dict[str, Any]:
    """Mean of each figure of each arm over seeds, with their standard deviation."""
    report: dict[str, Any] = {}
    for arm in dict.fromkeys(row["arm"] for row in rows):
        own = [row for row in rows if row["arm"] == arm]
        report[arm] = {"seeds": len(own)}
        for name in (*_FIGURES, "commonest"):
            values = [row[name] for row in own if name in row]
            if values:
                report[arm][name] = round(fmean(values), 4)
                report[arm][f"{name}_spread"] = round(stdev(values), 4) if len(values) > 1 else None
    return report


def _paint(figure: Figure, rows: Rows) -> None:
    left, both, probe = figure.subplots(1, 3)
    _bars(left, rows, "bits_left", "Bits per missing byte,\ntext before alone")
    _bars(both, rows, "bits_both", "Bits per missing byte,\ntext on both sides")
    _bars(probe, rows, "probe", "Kind of a Smalltalk token,\nlinear probe")
    most = max(row["bits_left"] for row in rows if "bits_left" in row)
    for axes in (left, both):
        axes.set_ylim(0, 1.1 * most)
    common = fmean(row["commonest"] for row in rows)
    probe.axhline(common, color=INK, linewidth=1, linestyle="--")
    probe.annotate(f"the commonest kind: {100 * common:.0f} %", (0.5, 0.96), xycoords="axes fraction", color=MUTED)
    probe.set_ylim(0, 1)
    probe.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")


def _bars(axes: Axes, rows: Sequence[dict[str, Any]], name: str, title: str) -> None:
    arms = [
        arm for arm in dict.fromkeys(row["arm"] for row in rows) if any(r["arm"] == arm and name in r for r in rows)
    ]
    for place, arm in enumerate(arms):
        values = [row[name] for row in rows if row["arm"] == arm]
        axes.bar(place, fmean(values), 0.65, color=_COLORS.get(arm, MUTED))
        axes.plot([place] * len(values), values, ".", color=INK, markersize=4)
    axes.set_xticks(
        range(len(arms)), [arm.replace("encoder-", "encoder\n") + (" %" if "-" in arm else "") for arm in arms]
    )
    axes.set_title(title, fontsize=11)
    bare(axes, "y")


if __name__ == "__main__":
    run_stage(main)
