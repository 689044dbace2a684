"""What the model can do: Smalltalk methods it completes, and tasks with one right answer."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from llmlab.viz.labels import MODELS, language_label, percent
from llmlab.viz.results import Results, find, number
from llmlab.viz.theme import INK, MODEL_COLORS, MODEL_MARKERS, MUTED, bare, no_data, save_picture

WRITERS = ("model", "kneser_ney", "ceiling")
MEASURES = {
    "valid": "parses (valid)",
    "sound_of_all": "parses, and every name is known",
    "known": "selectors sent exist somewhere",
    "understood": "messages that their receiver knows",
    "edit_similarity": "edit similarity to the real method",
    "selector_overlap": "overlap of selectors sent",
    "exact": "equal to the real method",
    "copied": "copied from training",
    "copied_long": "copied, 8 tokens or more",
    "distinct": "different from each other",
    "cut_off": "cut off before its end",
}
# What an answer without skill scores: a task states one of them.
FLOORS = {"chance": "by chance", "commonest": "commonest answer"}
_DODGE = {"model": -0.22, "kneser_ney": 0.0, "ceiling": 0.22}


def draw_code(results: Results, path: Path) -> None:
    """Write the picture: completed methods at the left, exact-match tasks at the right."""
    measures = [key for key in MEASURES if any(share(results, who, key) is not None for who in WRITERS)]
    tasks = sorted(find(results.evaluation, "tasks") or {})

    def paint(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.25, 1]})
        _methods(left, results, measures)
        _tasks(right, results, tasks)

    save_picture(path, (11.5, 2.0 + 0.48 * max(4, len(measures), len(tasks))), paint)


def share(results: Results, who: str, key: str) -> float | None:
    """One figure of the Smalltalk completions of `model`, `kneser_ney` or `ceiling`."""
    return number(results.evaluation, "smalltalk", who, key)


def task_label(name: str) -> str:
    """`arithmetic/chinese` as `arithmetic · chinese 中文`."""
    task, _, lang = name.partition("/")
    return f"{task} · {language_label(lang)}" if lang else task


def _methods(axes: Axes, results: Results, measures: list[str]) -> None:
    count = share(results, "model", "completions")
    axes.set_title("Smalltalk methods completed" + (f" ({count:,.0f} held-out signatures)" if count else ""))
    if not measures:
        return no_data(axes)
    for who in WRITERS:
        found = [(row, value) for row, key in enumerate(measures) if (value := share(results, who, key)) is not None]
        rows, values = [row + _DODGE[who] for row, _ in found], [value for _, value in found]
        label = "real code" if who == "ceiling" else MODELS[who]
        axes.scatter(values, rows, 46, color=MODEL_COLORS[who], marker=MODEL_MARKERS[who], label=label, zorder=3)
        _whiskers(axes, results, who, measures)
        if who == "model":
            for row, value in zip(rows, values, strict=True):
                _value_beside(axes, value, row)
    _share_axis(axes, [MEASURES[key] for key in measures])
    return None


def _whiskers(axes: Axes, results: Results, who: str, measures: list[str]) -> None:
    low, high = share(results, who, "valid_low"), share(results, who, "valid_high")
    if "valid" in measures and low is not None and high is not None and share(results, who, "valid") is not None:
        axes.hlines(measures.index("valid") + _DODGE[who], low, high, color=MODEL_COLORS[who], linewidth=2, alpha=0.55)


def _tasks(axes: Axes, results: Results, tasks: list[str]) -> None:
    axes.set_title("Tasks with one right answer, exact match")
    if not tasks:
        return no_data(axes)
    for who, shift in (("chat", -0.13), ("base", 0.13), ("kneser_ney", 0.0)):
        found = [(row, _task(results, name, who)) for row, name in enumerate(tasks)]
        points = [(value, row + shift) for row, value in found if value is not None]
        if points:
            values, rows = [value for value, _ in points], [row for _, row in points]
            color, marker = MODEL_COLORS[who], MODEL_MARKERS[who]
            axes.scatter(values, rows, 46, color=color, marker=marker, label=MODELS[who], zorder=3)
        for point in points if who == "chat" else []:
            _value_beside(axes, *point)
    for floor, label in FLOORS.items():
        lines = [(row, value) for row, name in enumerate(tasks) if (value := _task(results, name, floor)) is not None]
        if lines:
            low, high = [row - 0.36 for row, _ in lines], [row + 0.36 for row, _ in lines]
            drawn = axes.vlines([value for _, value in lines], low, high, MUTED, label=label, linewidth=1.6)
            drawn.set_linestyle("-" if floor == "chance" else (0, (2, 1)))
    _share_axis(axes, [task_label(name) for name in tasks])
    return None


def _task(results: Results, name: str, who: str) -> float | None:
    return number(results.evaluation, "tasks", name, who)


def _value_beside(axes: Axes, value: float, row: float) -> None:
    axes.annotate(percent(value), (value, row), (7, 5), textcoords="offset points", fontsize=9, color=INK)


def _share_axis(axes: Axes, names: list[str]) -> None:
    bare(axes, grid="x")
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_xlim(-0.03, 1.08)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    for row in range(1, len(names)):
        axes.axhline(row - 0.5, color="#eef1f4", linewidth=0.8, zorder=0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.06), ncols=3, columnspacing=1, handletextpad=0.3)
