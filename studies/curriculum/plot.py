"""The picture and the tables of the study, from its results alone. See dvc.yaml for how it is called."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from llmlab.artifacts.atomic import write_text
from llmlab.artifacts.manifest import read_json
from llmlab.artifacts.metrics import write_metrics
from llmlab.pipeline.stage import run_stage
from llmlab.viz.theme import FAINT, INK, MUTED, bare, save_picture

_BASE = "shuffled"
_COLORS = {
    "shuffled": "#6a737d",
    "rows-short-first": "#0072B2",
    "documents-short-first": "#56B4E9",
    "easy-first": "#009E73",
    "hard-first": "#D55E00",
}
# Student's t at 97.5 % for one to nine degrees of freedom.
_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
Rows = list[dict[str, Any]]


def main(*, results: Path, table: Path, summary: Path, picture: Path) -> None:
    """Write all three."""
    rows: Rows = []
    for path in sorted(results.glob("*.json")):
        rows += [{"seed": int(path.stem), "order": name, **each} for name, each in read_json(path, "train").items()]
    columns = ("seed", "order", "bits_per_byte", "tokens", "seconds")
    write_text(table, "\n".join([",".join(columns), *(",".join(str(r[c]) for c in columns) for r in rows)]) + "\n")
    found = summarize(rows)
    write_metrics(summary, found)
    save_picture(picture, (11, 4.2), lambda figure: _paint(figure, rows, found))


def summarize(rows: Rows) -> dict[str, Any]:
    """Mean and spread of each order, at the end and at the half, and its difference from `shuffled` seed by seed."""
    orders = list(dict.fromkeys(row["order"] for row in rows))
    report: dict[str, Any] = {}
    for order in orders:
        own = {row["seed"]: row for row in rows if row["order"] == order}
        finals = [row["bits_per_byte"] for row in own.values()]
        halves = [row["curve"][0][1] for row in own.values()]
        report[order] = {
            "mean": round(fmean(finals), 4),
            "spread": round(stdev(finals), 4) if len(finals) > 1 else None,
            "at_half": round(fmean(halves), 4),
            "seeds": len(finals),
        }
        if order != _BASE:
            base = {row["seed"]: row["bits_per_byte"] for row in rows if row["order"] == _BASE}
            report[order] |= paired([own[seed]["bits_per_byte"] - base[seed] for seed in own if seed in base])
    return report


def paired(differences: Sequence[float]) -> dict[str, Any]:
    """Mean difference, its 95 % interval by Student's t, and the exact p of a sign flip (Fisher 1935)."""
    mean, count = fmean(differences), len(differences)
    if count < 2:
        return {"difference": round(mean, 4)}
    half = _T[count - 2] * stdev(differences) / count**0.5
    as_far = [
        abs(sum(sign * each for sign, each in zip(signs, differences, strict=True)) / count) >= abs(mean) - 1e-12
        for signs in product((1, -1), repeat=count)
    ]
    return {
        "difference": round(mean, 4),
        "low": round(mean - half, 4),
        "high": round(mean + half, 4),
        "p": round(fmean(as_far), 4),
        "holds": not mean - half <= 0 <= mean + half,
    }


def _paint(figure: Figure, rows: Rows, found: dict[str, Any]) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    _differences(left, rows, found)
    _ends(right, rows, found)


def _differences(axes: Axes, rows: Rows, found: dict[str, Any]) -> None:
    orders = [order for order in found if order != _BASE]
    base = {row["seed"]: row["bits_per_byte"] for row in rows if row["order"] == _BASE}
    for place, order in enumerate(orders):
        each, color = found[order], _COLORS[order]
        dots = [row["bits_per_byte"] - base[row["seed"]] for row in rows if row["order"] == order]
        axes.plot(dots, [place] * len(dots), "o", color=FAINT, markersize=6)
        if "low" in each:
            axes.plot([each["low"], each["high"]], [place, place], color=color, linewidth=2.5)
        axes.plot([each["difference"]], [place], "o", color=color, markersize=8)
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_yticks(range(len(orders)), [order.replace("-", " ") for order in orders])
    axes.set_ylim(len(orders) - 0.5, -0.5)
    axes.set_title("Against shuffled, same rows and weights")
    axes.set_xlabel("bits per byte, right is worse; dots: seeds, line: 95 %")
    bare(axes, "x")


def _ends(axes: Axes, rows: Rows, found: dict[str, Any]) -> None:
    for place, order in enumerate(found):
        for shift, when, alpha in ((-0.17, 0, 0.45), (0.17, -1, 1.0)):
            values = [row["curve"][when][1] for row in rows if row["order"] == order]
            ends = [place + shift - 0.14, place + shift + 0.14]
            axes.plot(ends, [fmean(values)] * 2, color=_COLORS[order], alpha=alpha, linewidth=4)
            axes.plot([place + shift] * len(values), values, ".", color=INK, markersize=4)
    axes.set_xticks(range(len(found)), [order.replace("-", "\n") for order in found])
    axes.set_title("Bits per byte at half of the run (pale) and at its end")
    bare(axes, "y")


if __name__ == "__main__":
    run_stage(main)
