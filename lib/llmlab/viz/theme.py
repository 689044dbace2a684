"""One look for every picture: colours, sizes, a font that has Chinese, and files whose bytes repeat."""

import dataclasses
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager, ttfFontProperty
from matplotlib.ft2font import FT2Font

from llmlab.artifacts.atomic import atomic_file

DPI = 120
INK = "#1f2328"
MUTED = "#6a737d"
FAINT = "#d8dde3"
GOOD = "#007a5a"
BAD = "#b84700"
MODEL_COLORS = {"base": "#0072B2", "model": "#0072B2", "chat": "#56B4E9", "kneser_ney": "#E69F00", "ceiling": "#6a737d"}
MODEL_MARKERS = {"base": "o", "model": "o", "chat": "s", "kneser_ney": "D", "ceiling": "|"}
STEP_COLORS = {"clean": "#56B4E9", "dedupe": "#E69F00", "decontaminate": "#CC79A7"}
SET_COLORS = {"train": "#0072B2", "val": "#E69F00", "test": "#009E73"}

# Okabe and Ito's palette, in an order whose first four also differ in lightness: told apart without colour vision.
_CYCLE = ("#009E73", "#0072B2", "#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#6a737d")
_DASHES = ("-", "--", "-.", ":")
_FONT_FILE = "mplfonts/fonts/NotoSansCJKsc-Regular.otf"
# A name of our own: a machine with another release of Noto installed still draws with the packaged file.
_FONT_NAME = "llm-lab Noto Sans CJK SC"
_LOOK: Any = {
    "font.size": 10,
    "font.enable_last_resort": False,  # a missing glyph should be heard of, not drawn as a box with a number
    "text.parse_math": False,  # a dollar sign in a source's name is a dollar sign
    "text.color": INK,
    "axes.edgecolor": "#9aa4ae",
    "axes.labelcolor": MUTED,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titlepad": 10,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e9edf0",
    "grid.linewidth": 0.8,
    "xtick.color": "#9aa4ae",
    "ytick.color": "#9aa4ae",
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "figure.constrained_layout.w_pad": 0.1,
    "figure.constrained_layout.h_pad": 0.1,
}


def save_picture(path: Path, size: tuple[float, float], paint: Callable[[Figure], None]) -> None:
    """Let `paint` fill a figure of `size` inches; write it as a PNG with no clock, version or user setting in it."""
    families = [_FONT_NAME, "DejaVu Sans"] if register_font() else ["DejaVu Sans"]
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_LOOK)
        matplotlib.rcParams["font.family"] = families
        if len(families) == 1:
            warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure = Figure(figsize=size, dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        paint(figure)
        with atomic_file(path) as temporary:
            figure.savefig(temporary, format="png", dpi=DPI, metadata={"Software": None})


@cache
def register_font() -> bool:
    """Make the packaged Chinese font known to matplotlib; False, with one line on stderr, when it is not installed."""
    path = font_path()
    if path is None:
        print(
            "warning: package mplfonts is missing: Chinese in the plots will be boxes; `make setup` adds it",
            file=sys.stderr,
        )
        return False
    fontManager.ttflist.append(dataclasses.replace(ttfFontProperty(FT2Font(str(path))), name=_FONT_NAME))
    return True


def font_path() -> Path | None:
    """The font file inside the mplfonts distribution, found without importing it (importing loads font tools)."""
    try:
        path = Path(str(metadata.distribution("mplfonts").locate_file(_FONT_FILE)))
    except metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def language_style(languages: Sequence[str], lang: str) -> dict[str, Any]:
    """Colour and dash of a language: the same in every picture; beyond seven languages the dashes change."""
    place = languages.index(lang)
    return {"color": _CYCLE[place % len(_CYCLE)], "linestyle": _DASHES[place // len(_CYCLE) % len(_DASHES)]}


def no_data(axes: Axes, what: str = "no data") -> None:
    """Say in an empty panel that there is nothing to draw."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, what, transform=axes.transAxes, ha="center", va="center", color=MUTED)


def bare(axes: Axes, grid: str = "") -> None:
    """Take away frame and ticks, and every grid line but those of one axis (`x` or `y`)."""
    axes.grid(visible=False)
    if grid == "x":
        axes.grid(visible=True, axis="x")
    elif grid == "y":
        axes.grid(visible=True, axis="y")
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)
