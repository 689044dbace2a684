"""How well the tokenizer compresses each language."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from llmlab.viz.labels import language_label, percent
from llmlab.viz.results import Results, number
from llmlab.viz.theme import INK, MUTED, SET_COLORS, bare, no_data, save_picture

_BAR = 0.36
_PANELS = (
    ("bytes_per_token", "Bytes per token (more is better)"),
    ("tokens_per_character", "Tokens per character"),
    ("single_byte_share", "Tokens of a single byte"),
)


def draw_tokenizer(results: Results, path: Path) -> None:
    """Write the picture: bytes per token by language and set, and the two figures that explain them."""
    languages = [lang for lang in results.languages if any(_value(results, s, lang, _PANELS[0][0]) for s in SET_COLORS)]

    def paint(figure: Figure) -> None:
        grid = figure.subplots(1, 3, squeeze=False, gridspec_kw={"width_ratios": [2.2, 1, 1]})[0]
        for axes, (key, title) in zip(grid, _PANELS, strict=True):
            _panel(axes, results, languages, key, title)
        for axes in grid[1:]:
            axes.tick_params(axis="y", labelleft=False)
        if languages:
            grid[0].legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2, handlelength=1)
        words = number(results.tokenizer, "vocab_size")
        title = "Tokenizer" + ("" if words is None else f", {words:,.0f} entries")
        figure.suptitle(title, x=0.012, ha="left", fontsize=15)

    save_picture(path, (11, 1.7 + 0.75 * max(2, len(languages))), paint)


def _panel(axes: Axes, results: Results, languages: Sequence[str], key: str, title: str) -> None:
    axes.set_title(title, fontsize=12 if key == _PANELS[0][0] else 10.5)
    table = {(row, s): _value(results, s, lang, key) for row, lang in enumerate(languages) for s in ("train", "val")}
    if not any(value is not None for value in table.values()):
        return no_data(axes)
    for name, shift in (("train", -_BAR / 2), ("val", _BAR / 2)):
        found = [(row, value) for (row, s), value in table.items() if s == name and value is not None]
        label = {"train": "training text", "val": "validation text"}[name]
        rows, values = [row + shift for row, _ in found], [value for _, value in found]
        axes.barh(rows, values, height=_BAR * 0.9, color=SET_COLORS[name], label=label)
        for row, value in zip(rows, values, strict=True):
            text = percent(value) if key == "single_byte_share" else f"{value:.2f}"
            axes.text(value, row, f" {text}", va="center", fontsize=9, color=INK if name == "val" else MUTED)
    bare(axes)
    axes.set_yticks(range(len(languages)), [language_label(lang) for lang in languages])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_xticks([])
    axes.set_xlim(0, 1.25 * (max(value for value in table.values() if value is not None) or 1))
    axes.set_ylim(len(languages) - 0.5, -0.5)
    return None


def _value(results: Results, name: str, lang: str, key: str) -> float | None:
    return number(results.tokenizer, name, lang, key)
