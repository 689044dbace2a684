"""Bits per byte against what the parser says, step by step: does the loss mean anything for code?"""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from llmlab.viz.labels import MODELS, compact, decimal, signed
from llmlab.viz.results import Results, find, number
from llmlab.viz.theme import INK, MODEL_COLORS, MODEL_MARKERS, MUTED, bare, no_data, save_picture

PANELS = {
    "valid": "parses",
    "sound_of_all": "parses, names sound",
    "understood": "messages understood",
    "edit_similarity": "like the real method",
}
_LANG = "smalltalk"


def draw_along(results: Results, path: Path) -> None:
    """Write the picture: a panel a measure, a point a kept step, the n-gram beside them and real code as a line."""
    keys = [key for key in PANELS if len(_points(results, key)) > 1]

    def paint(figure: Figure) -> None:
        axes = figure.subplots(1, max(1, len(keys)), squeeze=False)[0]
        if not keys:
            return no_data(axes[0], "no milestones measured")
        for one, key in zip(axes, keys, strict=True):
            _panel(one, results, key)
        completions = number(results.evaluation, _LANG, "along", "final", "completions")
        figure.supxlabel(
            "bits per byte of held-out Smalltalk (to the right: fewer, better), by training step; "
            f"{decimal(completions, 0)} signatures completed at each",
            fontsize=10,
            color=MUTED,
        )
        return None

    save_picture(path, (max(5.0, 3.3 * len(keys)), 3.6) if keys else (3.0, 0.8), paint)


def _points(results: Results, key: str) -> list[tuple[str, float, float]]:
    """Step, bits per byte and share, in the order of the training."""
    along = find(results.evaluation, _LANG, "along") or {}
    steps = sorted((step for step in along if step.isdigit()), key=int)
    found = []
    for step in [*steps, *(step for step in along if not step.isdigit())]:
        bits = number(results.evaluation, "milestones", step, "bits_per_byte", _LANG)
        if step == "final":
            bits = number(results.evaluation, "bits_per_byte", "base", _LANG)
        share = number(along, step, key)
        if bits is not None and share is not None:
            found.append((step, bits, share))
    return found


def _panel(axes: Axes, results: Results, key: str) -> None:
    points = _points(results, key)
    bits, shares = [point[1] for point in points], [point[2] for point in points]
    r = number(results.evaluation, _LANG, "correlation", key, "r")
    axes.set_title(PANELS[key] + ("" if r is None else f"\nr = {signed(r, 2)} over {len(points)} steps"), fontsize=10.5)
    axes.plot(bits, shares, color=MODEL_COLORS["base"], marker=MODEL_MARKERS["base"], label=MODELS["base"], zorder=3)
    for step, x, y in _labelled(points):
        name = compact(int(step)) if step.isdigit() else step
        axes.annotate(name, (x, y), (0, 8), textcoords="offset points", ha="center", fontsize=8.5, color=INK)
    baseline = number(results.evaluation, "bits_per_byte", "kneser_ney", _LANG)
    theirs = number(results.evaluation, _LANG, "kneser_ney", key)
    if baseline is not None and theirs is not None:
        axes.scatter(
            [baseline], [theirs], 46, color=MODEL_COLORS["kneser_ney"], marker=MODEL_MARKERS["kneser_ney"], zorder=3
        )
        axes.annotate("5-gram", (baseline, theirs), (0, -13), textcoords="offset points", ha="center", fontsize=8.5)
    ceiling = number(results.evaluation, _LANG, "ceiling", key)
    if ceiling is not None:
        axes.axhline(ceiling, color=MODEL_COLORS["ceiling"], linewidth=1.2, linestyle=(0, (4, 2)))
        axes.annotate(
            "real code",
            (0.02, ceiling),
            (0, -11),
            ("axes fraction", "data"),
            "offset points",
            fontsize=8.5,
            color=MUTED,
        )
    bare(axes, grid="y")
    axes.invert_xaxis()
    axes.margins(x=0.12)
    axes.set_ylim(-0.08, 1.12)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def _labelled(points: list[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    """The points whose labels do not fall on one another: the last one, then backwards what is far enough from it."""
    width = max(point[1] for point in points) - min(point[1] for point in points) or 1.0
    kept: list[tuple[str, float, float]] = []
    for point in reversed(points):
        if not kept or abs(point[1] - kept[-1][1]) > 0.1 * width or abs(point[2] - kept[-1][2]) > 0.12:
            kept.append(point)
    return kept
