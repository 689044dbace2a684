"""Four pictures and the tables of the study, from its results alone. See dvc.yaml for how it is called."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from tables import KINDS, MIXED, PUBLISHED, Row, model_groups, own_figures, short, table_lines

from llmlab.artifacts.atomic import write_text
from llmlab.pipeline.stage import run_stage
from llmlab.viz.theme import BAD, FAINT, GOOD, INK, MUTED, bare, no_data, save_picture

_COLORS = dict(
    zip(
        KINDS,
        (
            *("#6a737d", "#0072B2", "#56B4E9", "#004c7a", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#8a5a00"),
            *("#9aa4ae", "#c8ced4"),
        ),
        strict=True,
    )
)
_AT = 8192


def main(*, cells: Path, models: Path, plots: Path, tables: Path) -> None:
    """Draw the pictures into a folder and write the tables."""
    rows = read(cells)
    trained = read(models)
    plots.mkdir(exist_ok=True)
    save_picture(plots / "compression.png", (15, 5.4), lambda figure: _grids(figure, rows, "bytes_per_token"))
    save_picture(plots / "evenness.png", (15, 5.4), lambda figure: _grids(figure, rows, "renyi"))
    save_picture(plots / "cost.png", (12, 4.6), lambda figure: _cost(figure, rows))
    save_picture(plots / "models.png", (13, 8.4), lambda figure: _models(figure, trained, rows))
    write_text(tables, "\n".join(table_lines(rows, trained)) + "\n")


def read(folder: Path) -> list[Row]:
    """The rows of all files in a folder."""
    return [row for path in sorted(folder.glob("*.json")) for row in json.loads(path.read_text(encoding="utf-8"))]


def _grids(figure: Figure, rows: Sequence[Row], name: str) -> None:
    """A panel a corpus, a line a kind, a column a vocabulary; colour is against o200k, or against bpe for evenness."""
    corpora = corpora_of(rows)
    panels = figure.subplots(1, len(corpora), squeeze=False)[0]
    kinds = [*KINDS, *PUBLISHED]
    for axes, corpus in zip(panels, corpora, strict=True):
        sizes = sorted({row["size"] for row in rows if row["size"] and row["corpus"] == corpus})
        cells = np.full((len(kinds), len(sizes)), np.nan)
        refused: set[tuple[int, int]] = set()
        for row in (row for row in rows if row["corpus"] == corpus):
            line = kinds.index(row["kind"])
            for column in range(len(sizes)) if row["size"] is None else [sizes.index(row["size"])]:
                if "refused" in row:
                    refused.add((line, column))
                else:
                    cells[line, column] = row["all"][name]
        base = cells[kinds.index("o200k" if name == "bytes_per_token" else "bpe")]
        _grid(axes, cells, np.nan_to_num(cells / np.where(np.isnan(base), np.nanmedian(cells), base), nan=1.0), refused)
        axes.set_title(corpus.capitalize())
        axes.set_xticks(range(len(sizes)), [short(size) for size in sizes])
        axes.set_yticks(range(len(kinds)), kinds if axes is panels[0] else [""] * len(kinds))
    what = {
        "bytes_per_token": "bytes per token on held-out text; green: more than o200k's, brown: fewer; –: refused",
        "renyi": "Rényi efficiency (α 2.5) on held-out text; green: more even than bpe's, brown: less; –: refused",
    }
    figure.supxlabel(f"vocabulary: {what[name]}", color=MUTED, fontsize=10)


def _grid(axes: Axes, cells: np.ndarray, ratio: np.ndarray, refused: Collection[tuple[int, int]]) -> None:
    axes.imshow(np.log2(ratio), cmap="BrBG", vmin=-1.2, vmax=1.2, aspect="auto")
    for (line, column), value in np.ndenumerate(cells):
        known = not np.isnan(value)
        strong = abs(np.log2(ratio[line, column])) > 0.75
        text = f"{value:.2f}" if known else "–" if (line, column) in refused else ""
        axes.text(
            column, line, text, ha="center", va="center", fontsize=8.5, color="white" if known and strong else INK
        )
    axes.axhline(len(KINDS) - 0.5, color=INK, linewidth=1)
    bare(axes)


def corpora_of(rows: Sequence[Row]) -> list[str]:
    """Corpora in the order of names, all together last."""
    return sorted({row["corpus"] for row in rows}, key=lambda corpus: (corpus == MIXED, corpus))


def _cost(figure: Figure, rows: Sequence[Row]) -> None:
    """Seconds to learn, speed and memory of each kind on all corpora together."""
    named = {row["kind"]: row for row in rows if row["corpus"] == MIXED and row["size"] in (_AT, None) and "all" in row}
    kinds = [kind for kind in (*KINDS, *PUBLISHED) if kind in named]
    panels = figure.subplots(1, 4)
    titles = {
        "train_seconds": "Learning 8,192 tokens, s",
        "train_mib": "Memory to learn, MiB",
        "encode_mb_s": "Encoding, MB/s",
        "decode_mb_s": "Decoding, MB/s",
    }
    for axes, (name, title) in zip(panels, titles.items(), strict=True):
        values = [named[kind].get(name, 0) for kind in kinds]
        axes.barh(range(len(kinds)), values, color=[_COLORS.get(kind, MUTED) for kind in kinds], height=0.7)
        for place, (kind, value) in enumerate(zip(kinds, values, strict=True)):
            text = "" if name not in named[kind] else f" {value:.1f}" if value < 10 else f" {value:.0f}"
            axes.text(value, place, text, va="center", fontsize=9)
        axes.set_yticks(range(len(kinds)), kinds if axes is panels[0] else [""] * len(kinds))
        axes.set_xlim(0, 1.2 * max([*values, 1e-9]))
        axes.invert_yaxis()
        axes.set_title(title)
        bare(axes, "x")


def _models(figure: Figure, trained: Sequence[Row], rows: Sequence[Row]) -> None:
    """For each corpus: bits per byte of each finalist, and whether the figures that chose it foretold them."""
    corpora = sorted({row["corpus"] for row in trained}) or [MIXED]
    panels = figure.subplots(len(corpora), 3, squeeze=False, width_ratios=(1.7, 1, 1))
    for line, corpus in enumerate(corpora):
        groups = model_groups(trained, corpus)
        if not groups:
            for axes in panels[line]:
                no_data(axes, f"{corpus}: not run")
            continue
        _finalists(panels[line][0], groups, corpus)
        for axes, (name, title) in zip(
            panels[line][1:], (("bytes_per_token", "Bytes per token"), ("renyi", "Rényi efficiency")), strict=True
        ):
            _foretold(axes, groups, rows, name, title)


def _finalists(axes: Axes, groups: Sequence[tuple[Row, list[float]]], corpus: str) -> None:
    """Each seed as a dot, the mean as a bar from the control's."""
    for place, (row, bits) in enumerate(groups):
        color = _COLORS[row["kind"]]
        axes.plot(bits, [place] * len(bits), "o", color=FAINT, markeredgecolor=MUTED, markersize=6)
        axes.plot([fmean(bits)], [place], "D", color=color, markersize=8)
        axes.text(fmean(bits), place - 0.32, f"{fmean(bits):.3f}", ha="center", fontsize=9, color=INK)
    control = [fmean(bits) for row, bits in groups if row["kind"] == "spm"]
    if control:
        axes.axvline(min(control), color=MUTED, linewidth=1, linestyle="--")
    axes.set_yticks(range(len(groups)), [f"{row['kind']} {short(row['size'])}" for row, _ in groups])
    axes.set_ylim(len(groups) - 0.4, -0.8)
    most = max(len(bits) for _, bits in groups)
    seeds = "1 seed" if most == 1 else f"{most} seeds"
    axes.set_title(f"{corpus.capitalize()}: bits per byte, held out, {seeds} (left is better; dashed: spm)")
    bare(axes, "x")


def _foretold(
    axes: Axes, groups: Sequence[tuple[Row, list[float]]], rows: Sequence[Row], name: str, title: str
) -> None:
    """An intrinsic figure against bits per byte."""
    pairs = [(own_figures(rows, row)[name], fmean(bits), row) for row, bits in groups]
    for x, y, row in pairs:
        axes.plot([x], [y], "o", color=_COLORS[row["kind"]], markersize=7)
        axes.annotate(
            f"{row['kind']} {short(row['size'])}", (x, y), textcoords="offset points", xytext=(6, 3), fontsize=8
        )
    axes.set_title(title)
    if len(pairs) > 3:
        r = float(np.corrcoef([pair[0] for pair in pairs], [pair[1] for pair in pairs])[0, 1])
        better = r < 0
        axes.set_title(f"{title}: r = {r:+.2f}", color=GOOD if better else BAD)
    axes.margins(x=0.25, y=0.12)
    axes.set_ylabel("bits per byte")


if __name__ == "__main__":
    run_stage(main)
