"""Training as curves: loss, learning rate, gradient norm."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from llmlab.viz.labels import STAGES, compact
from llmlab.viz.results import TRAINING_STAGES, Curve, Results
from llmlab.viz.theme import INK, MUTED, no_data, save_picture

_TRAIN = "#56B4E9"
_VAL = "#D55E00"


def draw_loss(results: Results, path: Path) -> None:
    """Write the picture of losses: pretraining large, instruction tuning and the adapter beside it."""
    small = [stage for stage in ("sft", "lora") if stage in results.curves]

    def paint(figure: Figure) -> None:
        grid = figure.add_gridspec(max(1, len(small)), 3 if small else 2)
        _loss_panel(figure.add_subplot(grid[:, :2]), "pretrain", results.curves)
        for row, stage in enumerate(small):
            _loss_panel(figure.add_subplot(grid[row, 2]), stage, results.curves)

    save_picture(path, (11, 5.4), paint)


def draw_training(results: Results, path: Path) -> None:
    """Write the picture of learning rate (above) and gradient norm (below), a column per stage."""
    stages = [stage for stage in TRAINING_STAGES if stage in results.curves] or ["pretrain"]

    def paint(figure: Figure) -> None:
        widths = [1.6 if stage == "pretrain" else 1 for stage in stages]
        grid = figure.subplots(2, len(stages), squeeze=False, sharex="col", gridspec_kw={"width_ratios": widths})
        for (upper, lower), stage in zip(grid.T, stages, strict=True):
            upper.set_title(STAGES[stage])
            _line(upper, stage, results.curves, "lr")
            _line(lower, stage, results.curves, "grad_norm")
            _token_axis(lower)
        grid[0][0].set_ylabel("learning rate")
        grid[1][0].set_ylabel("gradient norm, before clipping")

    save_picture(path, (11, 5.4), paint)


def _loss_panel(axes: Axes, stage: str, curves: Mapping[str, Curve]) -> None:
    axes.set_title(STAGES[stage])
    if stage not in curves:
        return no_data(axes)
    curve, large = curves[stage], stage == "pretrain"
    drawn: list[float] = []
    for name, color in (("train", _TRAIN), ("val", _VAL)):
        tokens, losses = curve.points("tokens", f"{name}_loss")
        label = {"train": "training", "val": "validation"}[name]
        axes.plot(tokens, losses, color=color, label=label, marker="o", markersize=4 if len(tokens) < 30 else 0)
        drawn += losses
    _mark_best(axes, curve, large)
    _token_axis(axes)
    if large:
        axes.set_ylabel("loss, nats per token")
        axes.legend(loc="upper right")
    if drawn:
        room = 0.08 * ((max(drawn) - min(drawn)) or 1)
        axes.set_ylim(min(drawn) - 2 * room, max(drawn) + room)
    return None


def _mark_best(axes: Axes, curve: Curve, large: bool) -> None:
    best = curve.best()
    if best is None:
        return
    tokens, loss = best
    axes.plot([tokens], [loss], marker="o", markersize=9, color=_VAL, fillstyle="none", markeredgewidth=1.5)
    text = f"best {loss:.3f}" + (f" at {compact(tokens)} tokens" if large else "")
    late = tokens > max(curve.points("tokens", "val_loss")[0]) / 2
    # Above the point: the training curve runs below it, and from a minimum the validation curve only rises.
    axes.annotate(
        text, best, (0, 16), textcoords="offset points", ha="right" if late else "left", color=INK, fontsize=9.5
    )


def _line(axes: Axes, stage: str, curves: Mapping[str, Curve], column: str) -> None:
    if stage not in curves:
        return no_data(axes)
    tokens, values = curves[stage].points("tokens", column)
    if not values:
        return no_data(axes)
    axes.plot(tokens, values, color="#0072B2", marker="o", markersize=4 if len(tokens) < 30 else 0)
    if column == "lr":
        axes.set_ylim(0, (max(values) or 1) * 1.08)
    elif min(values) > 0 and max(values) > 20 * min(values):
        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_ylim(0, (max(values) or 1) * 1.08)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    return None


def _token_axis(axes: Axes) -> None:
    axes.set_xlabel("tokens seen", color=MUTED)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
