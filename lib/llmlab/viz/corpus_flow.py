"""The way of the corpus: from raw text to the three sets, and why documents were dropped."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from llmlab.viz.labels import compact, language_label, shortened, size
from llmlab.viz.results import Results, find, number
from llmlab.viz.theme import FAINT, INK, MUTED, SET_COLORS, STEP_COLORS, bare, no_data, save_picture

SETS = ("train", "val", "test")
FLOW = ("raw", "clean", "dedup", "decontaminated")
MEASURED = (*FLOW, *SETS)
_DROPS = ("clean", "dedupe", "decontaminate")
_REASONS = 6


@dataclass(frozen=True)
class Amount:
    """How much text."""

    documents: int
    bytes: int


@dataclass(frozen=True)
class Drop:
    """Documents that a step dropped for one reason."""

    step: str
    reason: str
    documents: int


def measured(results: Results, lang: str, step: str) -> Amount | None:
    """How much of a language there was after a step of `MEASURED`; None when it was not measured."""
    places = {
        "raw": (results.scrape, (lang, "documents"), (lang, "bytes")),
        "clean": (results.clean, (lang, "documents_out"), (lang, "bytes_out")),
        "dedup": (results.dedupe, (lang, "documents_out"), (lang, "bytes_out")),
        "decontaminated": (results.decontaminate, (lang, "documents_out"), (lang, "bytes_out")),
        **{name: (results.split, (lang, name, "documents"), (lang, name, "bytes")) for name in SETS},
    }
    tree, documents, weight = places[step]
    count, total = number(tree, *documents), number(tree, *weight)
    return None if count is None or total is None else Amount(int(count), int(total))


def drops(results: Results, lang: str) -> list[Drop]:
    """Every drop of a language in running order, the commonest reason of each step first."""
    found = []
    for step in _DROPS:
        reasons = find(getattr(results, step), lang, "dropped") or {}
        counts = [(reason, number(reasons, reason) or 0) for reason in reasons]
        found += [Drop(step, reason, int(n)) for reason, n in sorted(counts, key=lambda c: (-c[1], c[0])) if n]
    return found


def draw_corpus(results: Results, path: Path) -> None:
    """Write the picture: a row per language, its amount after each step at the left, its drops at the right."""
    languages = results.languages

    def paint(figure: Figure) -> None:
        grid = figure.subplots(max(1, len(languages)), 2, squeeze=False, gridspec_kw={"width_ratios": [5, 4]})
        if not languages:
            no_data(grid[0][0])
            no_data(grid[0][1], "")
        for (left, right), lang in zip(grid[: len(languages)], languages, strict=True):
            _amounts(left, results, lang)
            _reasons(right, results, lang)
        figure.suptitle("What became of the corpus", x=0.012, ha="left", fontsize=15)

    save_picture(path, (11, 0.9 + 2.3 * max(1, len(languages))), paint)


def _amounts(axes: Axes, results: Results, lang: str) -> None:
    axes.set_title(language_label(lang))
    steps = [(step, amount) for step in FLOW if (amount := measured(results, lang, step))]
    sets = [(name, amount) for name in SETS if (amount := measured(results, lang, name))]
    if not steps and not sets:
        return no_data(axes)
    widest = max(amount.bytes for _, amount in [*steps, *sets]) or 1
    for row, (_, amount) in enumerate(steps):
        axes.barh(row, amount.bytes, height=0.62, color=FAINT if row else "#b9c2cb")
        _note(axes, amount.bytes, row, f"{size(amount.bytes)} · {_documents(amount.documents)}", widest)
    names = [step for step, _ in steps]
    if sets:
        _sets(axes, sets, len(steps), widest)
        names.append(" / ".join(name for name, _ in sets))
    bare(axes)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_xticks([])
    axes.set_xlim(0, widest * 1.45)
    axes.set_ylim(len(names) - 0.5, -0.5)
    return None


def _sets(axes: Axes, sets: Sequence[tuple[str, Amount]], row: int, widest: int) -> None:
    start = 0
    for name, amount in sets:
        # A white edge keeps the neighbours apart; a set of a few documents still leaves a visible line.
        axes.barh(
            row, max(amount.bytes, widest * 0.004), 0.62, start, color=SET_COLORS[name], edgecolor="white", lw=0.8
        )
        start += amount.bytes
    _note(axes, start, row, " / ".join(size(amount.bytes) for _, amount in sets), widest)


def _reasons(axes: Axes, results: Results, lang: str) -> None:
    found = drops(results, lang)
    if not found:
        seen = any(find(getattr(results, step), lang, "dropped") is not None for step in _DROPS)
        axes.set_title("nothing dropped" if seen else "", fontsize=10, color=MUTED)
        return no_data(axes, "" if seen else "no data")
    shown = found if len(found) <= _REASONS else _grouped(found)
    most = max(drop.documents for drop in shown)
    for row, drop in enumerate(shown):
        axes.barh(row, drop.documents, height=0.62, color=STEP_COLORS.get(drop.step, FAINT))
        _note(axes, drop.documents, row, compact(drop.documents), most)
    bare(axes)
    total = sum(drop.documents for drop in found)
    axes.set_title(f"{_documents(total)} dropped", fontsize=10, color=MUTED)
    axes.set_yticks(range(len(shown)), [_reason_label(drop) for drop in shown])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_xticks([])
    axes.set_xlim(0, most * 1.2)
    axes.set_ylim(max(len(shown), 4) - 0.5, -0.5)
    return None


def _grouped(found: Sequence[Drop]) -> list[Drop]:
    """The commonest reasons in running order, and the rest as one."""
    ranked = sorted(found, key=lambda drop: -drop.documents)
    kept = set(ranked[: _REASONS - 1])
    rest = sum(drop.documents for drop in found if drop not in kept)
    return [*(drop for drop in found if drop in kept), Drop("", f"{len(found) - len(kept)} other reasons", rest)]


def _reason_label(drop: Drop) -> str:
    return shortened(f"{drop.step}: {drop.reason}" if drop.step else drop.reason, 42)


def _note(axes: Axes, x: float, row: int, text: str, widest: float) -> None:
    axes.text(x + widest * 0.015, row, text, va="center", fontsize=9, color=MUTED)


def _documents(count: int) -> str:
    return f"{count:,} document{'' if count == 1 else 's'}"
