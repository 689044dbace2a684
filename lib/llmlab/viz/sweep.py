"""A sweep as a picture: a loss curve for each point, and where each of them ended against the value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from llmlab.viz.labels import compact
from llmlab.viz.theme import BAD, FAINT, GOOD, MODEL_COLORS, MUTED, no_data, save_picture

_REPEAT = "seed"
_MAP = "viridis"
_MOST_NAMES = 12


@dataclass(frozen=True)
class Line:
    """A finished point: its values by key, tokens and validation loss over the run, and the figure it ended with."""

    point: Mapping[str, Any]
    tokens: Sequence[float]
    losses: Sequence[float]
    final: float


def draw_sweep(lines: Sequence[Line], path: Path, figure_name: str) -> None:
    """Write the picture. Points that differ by `seed` alone count as repeats: one colour, and a mean.

    Args:
        lines: the finished points.
        path: the PNG to write.
        figure_name: what `final` is, for the axis.
    """
    keys = [key for key in (lines[0].point if lines else {}) if key != _REPEAT] or [_REPEAT]

    def paint(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        if not lines:
            no_data(left, "no point is finished")
            no_data(right, "")
            return
        names = _names(lines, keys)
        colors = _colors(list(names))
        _curves(left, lines, keys, colors)
        _ends(right, lines, keys, figure_name)

    save_picture(path, (11, 4.6), paint)


def label(point: Mapping[str, Any], keys: Sequence[str]) -> str:
    """The values of a point under those keys."""
    return ", ".join(_text(point[key]) for key in keys)


def _names(lines: Sequence[Line], keys: Sequence[str]) -> dict[str, None]:
    return dict.fromkeys(label(line.point, keys) for line in lines)


def _colors(names: Sequence[str]) -> dict[str, Any]:
    palette = matplotlib.colormaps[_MAP]
    return {name: palette(0.9 * place / max(1, len(names) - 1)) for place, name in enumerate(names)}


def _curves(axes: Axes, lines: Sequence[Line], keys: Sequence[str], colors: Mapping[str, Any]) -> None:
    axes.set_title("Validation loss")
    seen: set[str] = set()
    for line in lines:
        name = label(line.point, keys)
        shown = name if name not in seen and len(colors) <= _MOST_NAMES else None
        seen.add(name)
        axes.plot(line.tokens, line.losses, color=colors[name], label=shown, linewidth=1.4, marker=".", markersize=4)
    losses = [loss for line in lines for loss in line.losses]
    if losses:
        # A curve that shoots up must not flatten all others.
        low, high = min(losses), min(max(losses), 1.15 * max(line.losses[0] for line in lines if line.losses))
        room = 0.05 * ((high - low) or 1)
        axes.set_ylim(low - room, high + room)
    axes.set_xlabel("tokens seen")
    axes.set_ylabel("nats per token")
    axes.xaxis.set_major_formatter(lambda value, _: compact(value))
    if len(colors) <= _MOST_NAMES:
        axes.legend(title=", ".join(keys), fontsize=8.5, title_fontsize=8.5)


def _ends(axes: Axes, lines: Sequence[Line], keys: Sequence[str], figure_name: str) -> None:
    """The first key along the axis; a line for each combination of the others."""
    first, *others = keys
    axes.set_title(f"{figure_name.capitalize()} by {first}")
    values = list(dict.fromkeys(_text(line.point[first]) for line in lines))
    numeric = all(_is_number(line.point[first]) for line in lines)
    groups = _names(lines, others) if others else {"": None}
    colors = _colors(list(groups))
    for group in groups:
        own = [line for line in lines if not others or label(line.point, others) == group]
        where = [float(line.point[first]) if numeric else values.index(_text(line.point[first])) for line in own]
        places = sorted(set(where))
        means = [fmean(line.final for line, at in zip(own, where, strict=True) if at == place) for place in places]
        axes.plot(places, means, color=colors[group], label=group or None, marker="o", markersize=5)
        if len(own) > len(places):
            axes.plot(where, [line.final for line in own], ".", color=colors[group], alpha=0.6, markersize=6)
    if numeric:
        if min(map(float, values)) > 0 and max(map(float, values)) >= 8 * min(map(float, values)):
            axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlabel(first)
    else:
        axes.set_xticks(range(len(values)), values, rotation=20 if max(map(len, values)) > 8 else 0)
    if others and len(groups) <= _MOST_NAMES:
        axes.legend(title=", ".join(others), fontsize=8.5, title_fontsize=8.5)
    if any(_REPEAT in line.point for line in lines) and keys != [_REPEAT]:
        axes.text(0.99, 0.98, "dots: seeds", transform=axes.transAxes, ha="right", va="top", color=MUTED, fontsize=8.5)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def draw_rate_range(
    rates: Sequence[float], losses: Sequence[float], smooth: Sequence[float], marks: Mapping[str, float], path: Path
) -> None:
    """Write the picture of a range test: loss against learning rate, with named rates marked."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.set_title("Loss while the learning rate grows")
        axes.plot(rates, losses, color=FAINT, linewidth=1, label="each step")
        axes.plot(rates, smooth, color=MODEL_COLORS["base"], label="smoothed")
        for place, (name, rate) in enumerate(marks.items()):
            color = (GOOD, BAD)[place]
            axes.axvline(rate, color=color, linewidth=1.3, linestyle="--", label=f"{name}: {rate:.3g}")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlim(left=max(rates[0], rates[-1] / 100))
        axes.set_ylim(min(smooth) - 0.05 * (max(smooth) - min(smooth)), max(smooth) * 1.02)
        axes.set_xlabel("learning rate of AdamW (Muon's grows with it)")
        axes.set_ylabel("nats per token")
        axes.legend()

    save_picture(path, (7.5, 4.4), paint)
