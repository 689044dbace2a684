"""Four pictures and the tables of the study, from its results alone. See dvc.yaml for how it is called."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from llmlab.artifacts.atomic import write_text
from llmlab.artifacts.manifest import read_json
from llmlab.viz.theme import BAD, FAINT, GOOD, INK, MUTED, bare, save_picture

CONTEXTS = ("code", "test", "comment", "string", "documentation")
COLORS = dict(zip(CONTEXTS, ("#0072B2", "#56B4E9", "#009E73", "#E69F00", "#CC79A7"), strict=True))


def main(
    results: Annotated[Path, typer.Option()],
    plots: Annotated[Path, typer.Option()],
    tables: Annotated[Path, typer.Option()],
) -> None:
    """Draw the pictures into a folder and write the tables."""
    found = read_json(results, "measure")
    plots.mkdir(exist_ok=True)
    pictures: dict[str, tuple[tuple[float, float], Callable[[Figure, Any], None]]] = {
        "contexts.png": ((11, 5), contexts),
        "words.png": ((12, 5.2), words),
        "names.png": ((12, 4.6), names),
        "assertions.png": ((9, 5), assertions),
    }
    for name, (size, paint) in pictures.items():
        save_picture(plots / name, size, lambda figure, paint=paint: paint(figure, found))
    write_text(tables, "\n".join(table_lines(found)) + "\n")


def contexts(figure: Figure, found: Any) -> None:
    """How rich each context is, how much of it is English, and how far apart contexts are."""
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.15])
    dots(left, found["richness"]["contexts"], CONTEXTS, COLORS)
    left.set_title("Different words in 1,000")
    dots(middle, found["english"]["contexts"], CONTEXTS, COLORS, percent=True)
    middle.set_title("Words that are common English")
    middle.set_yticklabels([])
    matrix(right, found["divergence"])
    right.set_title("Distance in bits (diagonal: by chance)")


def matrix(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """Divergence of each pair of contexts; on the diagonal what chance alone makes."""
    cells = np.full((len(CONTEXTS), len(CONTEXTS)), np.nan)
    for row in rows:
        here, there = CONTEXTS.index(row["left"]), CONTEXTS.index(row["right"])
        cells[max(here, there), min(here, there)] = row["mean"]
    axes.imshow(cells, cmap="YlGnBu", vmin=0, vmax=0.7)
    for (line, column), value in np.ndenumerate(cells):
        if not np.isnan(value):
            axes.text(column, line, f"{value:.2f}", ha="center", va="center", color="white" if value > 0.45 else INK)
    axes.set_xticks(range(len(CONTEXTS)), CONTEXTS, rotation=35, ha="right")
    axes.set_yticks(range(len(CONTEXTS)), CONTEXTS)
    bare(axes)


def dots(
    axes: Axes, rows: Mapping[str, Any], order: Sequence[str], colors: Mapping[str, str], *, percent: bool = False
) -> None:
    """One line for each row: the repositories faint, the mean with its interval on top."""
    factor = 100 if percent else 1
    for place, name in enumerate(order):
        row = rows[name]
        values = [factor * value for value in row["repositories"].values()]
        axes.plot(values, [place] * len(values), "o", color=FAINT, markersize=5, zorder=1)
        axes.plot([factor * row["low"], factor * row["high"]], [place, place], color=colors.get(name, INK), linewidth=3)
        axes.plot([factor * row["mean"]], [place], "o", color=colors.get(name, INK), markersize=7)
    axes.set_yticks(range(len(order)), order)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlim(left=0)
    if percent:
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f} %")
    bare(axes, "x")


def words(figure: Figure, found: Any) -> None:
    """The words that tell a context, of those that hold after correction."""
    panels = figure.subplots(1, len(found["words"]))
    for axes, (title, each) in zip(panels, found["words"].items(), strict=True):
        rows = [*each["more"], *reversed(each["less"])]
        places = range(len(rows))
        colors = [FAINT if not row["holds"] else GOOD if row["log2"] > 0 else BAD for row in rows]
        axes.barh(places, [row["log2"] for row in rows], color=colors, height=0.7)
        axes.set_yticks(places, [row["word"] for row in rows])
        axes.invert_yaxis()
        axes.axvline(0, color=MUTED, linewidth=0.8)
        axes.set_title(f"{title}\n{each['hold']} of {each['tested']} words hold", fontsize=10)
        axes.set_xticks(range(-6, 10, 3))
        axes.set_xlim(min(-3.5, *(row["log2"] for row in rows)), max(3.5, *(row["log2"] for row in rows)) + 0.5)
        axes.xaxis.set_major_formatter(lambda value, _: f"{2 ** abs(value):.0f}×")
        bare(axes, "x")
    figure.supxlabel(
        "times as frequent (left: less, right: more); grey: p < 0.05 before correction only", color=MUTED, fontsize=10
    )


def names(figure: Figure, found: Any) -> None:
    """Shapes of selectors and variables, and what class names end in."""
    panels = figure.subplots(1, 3)
    titles = {"selectors": "Selectors", "variables": "Variables", "suffixes": "Last word of a class name"}
    for axes, (kind, title) in zip(panels, titles.items(), strict=True):
        shapes = found["names"][kind]["shapes"]
        dots(axes, shapes, ranked(shapes), {}, percent=True)
        axes.set_title(title)


def assertions(figure: Figure, found: Any) -> None:
    """Which assertion each repository uses, as shares of its assertions."""
    axes = figure.subplots()
    shapes = found["assertions"]["shapes"]
    repositories = sorted(next(iter(shapes.values()))["repositories"])
    cells = np.array([[100 * shapes[shape]["repositories"][name] for shape in ranked(shapes)] for name in repositories])
    axes.imshow(cells, cmap="YlGnBu", vmin=0, vmax=100, aspect="auto")
    for (line, column), value in np.ndenumerate(cells):
        if value >= 0.5:
            axes.text(column, line, f"{value:.0f}", ha="center", va="center", color="white" if value > 60 else INK)
    axes.set_xticks(range(len(shapes)), ranked(shapes), rotation=25, ha="right")
    axes.set_yticks(range(len(repositories)), repositories)
    axes.set_title("Assertions in tests: percent of each repository's")
    bare(axes)


def table_lines(found: Any) -> list[str]:
    """The tables in Markdown."""
    lines = ["Written by plot.py: means over repositories, 95 % intervals in brackets.", ""]
    lines += ["| context | different words in 1,000 | common English |", "| --- | --- | --- |"]
    for context in CONTEXTS:
        rich, english = found["richness"]["contexts"][context], found["english"]["contexts"][context]
        lines.append(f"| {context} | {spread(rich, '{:.0f}')} | {spread(english, '{:.1%}')} |")
    for figure, title in (("richness", "different words in 1,000"), ("english", "share of common English")):
        lines += ["", f"| {title}: pair | difference | p | p (Holm) | holds |", "| --- | --- | --- | --- | --- |"]
        form = "{:.0f}" if figure == "richness" else "{:.1%}"
        for row in found[figure]["pairs"]:
            value = spread({**row, "mean": row["difference"]}, form)
            holds = "yes" if row["holds"] else "no"
            lines.append(
                f"| {row['left']} − {row['right']} | {value} | {row['p']:.4f} | {row['p_holm']:.4f} | {holds} |"
            )
    lines += ["", "| words | tested | p < 0.05 | hold (BH) | repositories |", "| --- | --- | --- | --- | --- |"]
    for title, each in found["words"].items():
        lines.append(
            f"| {title} | {each['tested']} | {each['hold_uncorrected']} | {each['hold']} | {each['repositories']} |"
        )
    for kind in ("selectors", "variables", "suffixes", "assertions"):
        rows = found["assertions"] if kind == "assertions" else found["names"][kind]
        ahead = {row["left"]: row for row in rows["pairs"]}
        lines += ["", f"| {kind} | share | ahead of the next (Holm) |", "| --- | --- | --- |"]
        for shape in ranked(rows["shapes"]):
            row = rows["shapes"][shape]
            next_one = f"p = {ahead[shape]['p_holm']:.3f}" if shape in ahead else ""
            lines.append(f"| `{shape}` | {spread(row, '{:.1%}')} | {next_one} |")
    chinese = found["chinese"]
    lines += [
        "",
        "| Chinese source | words in Latin letters | common English | common in code |",
        "| --- | --- | --- | --- |",
    ]
    for name, row in chinese["sources"].items():
        lines.append(f"| {name} | {row['words']:,} | {row['english']:.1%} | {row['code']:.1%} |")
    lines += ["", f"Of the commonest English words, {chinese['english_in_code']:.1%} are among the commonest in code."]
    return lines


def ranked(shapes: Mapping[str, Any]) -> list[str]:
    """Shapes by their share, the largest first."""
    return sorted(shapes, key=lambda shape: (-shapes[shape]["mean"], shape))


def spread(row: Mapping[str, Any], form: str) -> str:
    """A mean and its interval."""
    return f"{form.format(row['mean'])} [{form.format(row['low'])}, {form.format(row['high'])}]"


if __name__ == "__main__":
    typer.run(main)
