"""Bits per byte: the one loss that compares across tokenizers, by language, model and milestone."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from llmlab.viz.labels import MODELS, compact, interval, language_label, signed
from llmlab.viz.results import Results, find, number
from llmlab.viz.theme import (
    BAD,
    GOOD,
    INK,
    MODEL_COLORS,
    MUTED,
    bare,
    language_style,
    no_data,
    save_picture,
)

_BAR = 0.25
_BASE = ("bits_per_byte", "base")


def draw_bits(results: Results, path: Path) -> None:
    """Write the picture: bars by language and model, the lead over the n-gram beside them, milestones at the right."""
    rows = [lang for lang in [*results.languages, "all"] if _values(results, lang)]
    steps = milestones(results)

    def paint(figure: Figure) -> None:
        widths = [3.2, 1.3, 2.4] if steps else [3.2, 1.3]
        grid = figure.subplots(1, len(widths), squeeze=False, gridspec_kw={"width_ratios": widths})[0]
        _bars(grid[0], results, rows)
        _leads(grid[1], results, rows)
        if steps:
            _milestones(grid[2], results, steps)

    save_picture(path, (11.5 if steps else 8.5, 1.6 + 1.05 * max(2, len(rows))), paint)


def milestones(results: Results) -> list[int]:
    """The steps at which weights were kept and measured, ascending."""
    return sorted(int(step) for step in find(results.evaluation, "milestones") or {} if step.isdigit())


def _values(results: Results, lang: str) -> dict[str, float]:
    table = find(results.evaluation, "bits_per_byte") or {}
    values = {model: number(table, model, lang) for model in ("base", "chat", "kneser_ney")}
    return {model: value for model, value in values.items() if value is not None}


def _bars(axes: Axes, results: Results, rows: Sequence[str]) -> None:
    axes.set_title("Bits per byte of held-out text (less is better)")
    if not rows:
        return no_data(axes)
    labelled: set[str] = set()
    for row, lang in enumerate(rows):
        for place, (model, value) in enumerate(_values(results, lang).items()):
            y = row + (place - 1) * _BAR
            label = None if model in labelled else MODELS[model]
            labelled.add(model)
            axes.barh(y, value, height=_BAR * 0.88, color=MODEL_COLORS[model], label=label)
            axes.text(value, y, f" {value:.3f}", va="center", fontsize=9, color=INK if model == "base" else MUTED)
    bare(axes)
    axes.set_yticks(range(len(rows)), [language_label(lang) for lang in rows])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_xticks([])
    axes.set_xlim(0, 1.12 * max(value for lang in rows for value in _values(results, lang).values()))
    axes.set_ylim(len(rows) - 0.45, -0.55)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, columnspacing=1.4, handlelength=1)
    return None


def _leads(axes: Axes, results: Results, rows: Sequence[str]) -> None:
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows) - 0.45, -0.55)
    if not find(results.evaluation, "difference"):
        return
    axes.set_title("base minus 5-gram, 95 %", fontsize=10, color=MUTED)
    for row, lang in enumerate(rows):
        mean, low, high = (number(results.evaluation, "difference", lang, key) for key in ("mean", "low", "high"))
        if mean is None:
            continue
        color = GOOD if high is not None and high < 0 else BAD if low is not None and low > 0 else MUTED
        axes.text(0, row - 0.1, _narrow(signed(mean)), va="center", fontsize=12, color=color)
        axes.text(0, row + 0.17, _narrow(interval(low, high)), va="center", fontsize=9, color=MUTED)


def _narrow(text: str) -> str:
    """The font's minus is as wide as a Chinese character; its dash looks right between Latin digits."""
    return text.replace("−", "–")


def _milestones(axes: Axes, results: Results, steps: Sequence[int]) -> None:
    axes.set_title("Base model while it learns")
    for lang in results.languages:
        found: list[tuple[float | None, float | None]] = [
            (step, number(results.evaluation, "milestones", str(step), "bits_per_byte", lang)) for step in steps
        ]
        # The finished model is the last point of its own curve.
        found.append((number(results.training.get("pretrain"), "best_step"), number(results.evaluation, *_BASE, lang)))
        points = sorted((step, value) for step, value in found if value is not None and step is not None)
        if not points:
            continue
        style = language_style(results.languages, lang)
        axes.plot(*zip(*points, strict=True), marker="o", markersize=4, label=language_label(lang), **style)
        baseline = number(results.evaluation, "bits_per_byte", "kneser_ney", lang)
        if baseline is not None:
            axes.axhline(baseline, color=style["color"], linestyle=":", linewidth=1.1)
    axes.plot([], [], color=MUTED, linestyle=":", linewidth=1.1, label="its 5-gram")
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    axes.legend(loc="upper right", fontsize=9)
