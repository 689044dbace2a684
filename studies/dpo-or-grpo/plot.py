"""Tables and one picture of all runs in `results/`: skill before and after, win rate, and its price."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from llmlab.artifacts.atomic import atomic_file, write_text
from llmlab.pipeline.stage import run_stage
from llmlab.viz.theme import bare, save_picture

_ARMS = ("start", "imitate", "best_of", "dpo", "grpo")
_COLORS = {"start": "#6a737d", "imitate": "#009E73", "best_of": "#E69F00", "dpo": "#56B4E9", "grpo": "#0072B2"}
_COLUMNS = (
    *("part", "seed", "arm", "greedy", "pass@1", "pass@8", "reward", "win", "win_low", "win_high"),
    *("bits_per_byte", "tax", "no_signal", "no_signal_last", "steps", "compute", "share_of_budget"),
    *("valid", "sound", "likeness", "concise", "distinct", "commonest"),
)
_PARTS = {"arithmetic": "Arithmetic", "longer": "Arithmetic, longer", "smalltalk": "Smalltalk"}
# In per cent.
_FIGURES = {
    "greedy": "likeliest right",
    "pass@1": "pass@1",
    "pass@8": "pass@8",
    "win": "win rate",
    "tax": "price",
    "no_signal": "groups without signal",
    "no_signal_last": "last tenth",
    "share_of_budget": "of the budget",
}
_WRITTEN = {
    "valid": "valid",
    "sound": "sound",
    "likeness": "likeness",
    "concise": "concise",
    "distinct": "different answers",
    "commonest": "the commonest",
}
Row = dict[str, Any]


def main(*, results: Path, table: Path, tables: Path, picture: Path) -> None:
    """Write all of them."""
    rows = [row for path in sorted(results.glob("*.json")) for row in _rows(path)]
    with atomic_file(table) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    write_text(tables, "\n\n".join("\n".join(lines) for lines in _tables(rows)) + "\n")
    parts = len({row["part"] for row in rows})
    save_picture(picture, (11, 0.4 + 3 * parts), lambda figure: _paint(figure, rows))


def _rows(path: Path) -> list[Row]:
    part, seed = path.stem.split("-")
    report = json.loads(path.read_text(encoding="utf-8"))
    rows = []
    for arm in (each for each in _ARMS if each in report):
        entry = report[arm]
        win = entry.get("win_rate", {})
        row = {name: entry[name] for name in _COLUMNS if name in entry and name not in _WRITTEN}
        wins = {name: win[key] for name, key in (("win", "mean"), ("win_low", "low"), ("win_high", "high")) if win}
        rows.append({"part": part, "seed": int(seed), "arm": arm, **row, **wins, **_written(entry)})
    return rows


def _written(entry: Row) -> Row:
    """What the likeliest answers are, where they are kept."""
    if "parts" not in entry:
        return {}
    parts = entry["parts"]
    named = {"valid": parts["parses"], "sound": parts["compiles"], "likeness": parts["correct"]}
    return {
        **named,
        "concise": parts["concise"],
        "distinct": entry["distinct"],
        "commonest": entry["commonest"]["share"],
    }


def _tables(rows: Sequence[Row]) -> Iterator[list[str]]:
    """For each part, means over seeds, and from the least to the most of them."""
    for part, title in _PARTS.items():
        own = [row for row in rows if row["part"] == part]
        for figures in (_FIGURES, _WRITTEN):
            shown = [name for name in figures if any(name in row for row in own)]
            if shown:
                yield [f"{title}, seeds {', '.join(str(each) for each in sorted({row['seed'] for row in own}))}"]
                yield [*_lines(own, {name: figures[name] for name in shown})]


def _lines(rows: Sequence[Row], figures: dict[str, str]) -> Iterator[str]:
    yield "| arm | " + " | ".join(figures.values()) + " |"
    yield "|---" * (len(figures) + 1) + "|"
    for arm in (each for each in _ARMS if any(row["arm"] == each for row in rows)):
        own = [row for row in rows if row["arm"] == arm]
        cells = [_cell([100 * row[name] for row in own if name in row], name == "tax") for name in figures]
        yield f"| {arm.replace('_', ' ')} | " + " | ".join(cells) + " |"


def _cell(values: Sequence[float], signed: bool) -> str:
    if not values:
        return ""
    low, mean, high = (f"{each:{'+' if signed else ''}.1f}" for each in (min(values), fmean(values), max(values)))
    return mean + (f" ({low} to {high})" if len(values) > 1 else "")


def _paint(figure: Figure, rows: Sequence[Row]) -> None:
    parts = [part for part in _PARTS if any(row["part"] == part for row in rows)]
    panels = figure.subplots(len(parts), 3, squeeze=False, width_ratios=(2, 1, 1))
    for line, part in enumerate(parts):
        own = [row for row in rows if row["part"] == part]
        seeds = len({row["seed"] for row in own})
        skill, win, tax = panels[line]
        name = f"{_PARTS[part]}, {seeds} seed{'s' if seeds > 1 else ''}"
        _bars(skill, own, ("pass@1", "pass@8"), f"{name}: pass@1 (dark) and pass@8 (pale)")
        skill.set_ylim(0, 1)
        _bars(win, own, ("win",), "Win rate against the start")
        win.axhline(0.5, color="#9aa4ae", linewidth=1)
        win.set_ylim(0, 1)
        _bars(tax, own, ("tax",), "Price: bits per byte, change")
        tax.axhline(0.0, color="#9aa4ae", linewidth=1)
        tax.axhline(0.1, color="#b84700", linewidth=1, linestyle="--")
        tax.yaxis.set_major_formatter(lambda value, _: f"{round(100 * value, 1):+g} %")


def _bars(axes: Axes, rows: Sequence[Row], figures: Sequence[str], title: str) -> None:
    """The mean over seeds as a bar per arm, each seed as a dot."""
    bare(axes, "y")
    axes.set_title(title)
    arms = [arm for arm in _ARMS if any(row["arm"] == arm and figures[0] in row for row in rows)]
    width = 0.8 / len(figures)
    for place, arm in enumerate(arms):
        for number, figure in enumerate(figures):
            values = [row[figure] for row in rows if row["arm"] == arm]
            x = place + (number - (len(figures) - 1) / 2) * width
            axes.bar(x, fmean(values), width * 0.92, color=_COLORS[arm], alpha=1.0 if number == 0 else 0.45)
            axes.plot([x] * len(values), values, ".", color="#1f2328", markersize=4)
    axes.set_xticks(range(len(arms)), [arm.replace("_", " ") for arm in arms])


if __name__ == "__main__":
    run_stage(main)
