"""The picture and the table of the study, from its results alone. See dvc.yaml for how it is called."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from law import Law, Run, frontier
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from llmlab.artifacts.atomic import write_text
from llmlab.artifacts.manifest import read_json
from llmlab.pipeline.stage import run_stage
from llmlab.viz.labels import compact
from llmlab.viz.theme import BAD, FAINT, INK, MUTED, save_picture

_COLUMNS = ("role", "seed", "depth", "width", "parameters", "tokens", "flops", "loss", "train_loss", "seconds")


def main(*, results: Path, law: Path, table: Path, picture: Path) -> None:
    """Write both."""
    rows = [row for path in sorted(results.glob("*.json")) for row in read_json(path, "train")["runs"]]
    found = read_json(law, "fit")
    lines = [",".join(_COLUMNS), *(",".join(str(row[name]) for name in _COLUMNS) for row in rows)]
    write_text(table, "\n".join(lines) + "\n")
    save_picture(picture, (12, 4.6), lambda figure: _paint(figure, rows, found))


def _paint(figure: Figure, rows: Sequence[dict[str, Any]], found: dict[str, Any]) -> None:
    by_parameters, by_tokens, by_flops = figure.subplots(1, 3, sharey=True)
    law = Law(**found["law"])
    _against(by_parameters, rows, law, found, "parameters", "tokens")
    _against(by_tokens, rows, law, found, "tokens", "parameters")
    _flops(by_flops, rows, found)
    by_parameters.set_ylabel("validation loss, nats per byte")
    for axes, name in ((by_parameters, "parameters"), (by_tokens, "tokens"), (by_flops, "FLOPs")):
        axes.set_title(f"Loss by {name}")
        axes.set_xlabel(name)


def _against(axes: Axes, rows: Sequence[dict[str, Any]], law: Law, found: dict[str, Any], x: str, line: str) -> None:
    """A line of the law for each value of the other quantity, the runs on it, and what was held out."""
    values = sorted({row[line] for row in rows})
    palette = matplotlib.colormaps["viridis"]
    xs = np.geomspace(min(row[x] for row in rows), max(row[x] for row in rows), 60)
    for place, value in enumerate(values):
        own = [row for row in rows if row[line] == value]
        held_out = own[0]["role"] != "grid"
        color = BAD if held_out else palette(0.85 * place / max(1, len(values) - 2))
        at = {x: xs, line: value}
        if held_out:
            drawn = np.array([Law(*each).at(at["parameters"], at["tokens"]) for each in found["laws"]])
            low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
            axes.fill_between(xs, low, high, color=BAD, alpha=0.12, linewidth=0)
        axes.plot(
            xs, law.at(at["parameters"], at["tokens"]), color=color, linewidth=1.2, linestyle="--" if held_out else "-"
        )
        marker = {"marker": "*", "markersize": 12} if held_out else {"marker": "o", "markersize": 5}
        name = f"{compact(value)} {line}" + (", held out" if held_out else "")
        axes.plot(
            [row[x] for row in own], [row["loss"] for row in own], color=color, linestyle="", label=name, **marker
        )
    _logarithmic(axes)
    axes.legend(fontsize=8)


def _flops(axes: Axes, rows: Sequence[dict[str, Any]], found: dict[str, Any]) -> None:
    runs = [Run(row["parameters"], row["tokens"], row["flops"], row["loss"]) for row in rows if row["role"] == "grid"]
    held_out = [row for row in rows if row["role"] != "grid"]
    best = frontier(runs)
    axes.plot([run.flops for run in runs], [run.loss for run in runs], "o", color=FAINT, markersize=5, label="runs")
    axes.plot(
        [run.flops for run in best], [run.loss for run in best], "o", color="#0072B2", markersize=5, label="frontier"
    )
    law = found["plain"]["flops"]
    xs = np.geomspace(best[0].flops, max(row["flops"] for row in held_out), 60)
    name = f"FLOPs to the power of −{law['power']:.3f}"
    axes.plot(xs, law["factor"] * xs ** -law["power"], color=MUTED, linewidth=1.2, label=name)
    target = found["held_out"]
    where = held_out[0]["flops"]
    low, high = target["interval"]
    axes.errorbar(
        [where * 1.15], [target["foretold"]], [[target["foretold"] - low], [high - target["foretold"]]],
        fmt="_", color=INK, capsize=4, label="foretold by the law, 95 %",
    )  # fmt: skip
    axes.plot(
        [row["flops"] for row in held_out],
        [row["loss"] for row in held_out],
        "*",
        color=BAD,
        markersize=12,
        label="held out",
    )
    _logarithmic(axes)
    axes.legend(fontsize=8)


def _logarithmic(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.minorticks_off()
    low, high = axes.get_xlim()
    ticks = [each * 10.0**power for power in range(2, 16) for each in (1, 2, 5) if low <= each * 10.0**power <= high]
    ticks = ticks if len(ticks) < 7 else [each for each in ticks if str(each)[0] == "1"]
    axes.set_xticks(ticks, [compact(each) if each < 1e9 else f"{each:.0e}".replace("e+", "e") for each in ticks])


if __name__ == "__main__":
    run_stage(main)
