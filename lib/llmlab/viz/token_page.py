"""The page of tokens: one file that opens offline and shows a text as several tokenizers cut it, side by side."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from llmlab.artifacts.atomic import write_text
from llmlab.viz.template import fill

_TEMPLATE = Path(__file__).with_name("tokens.html")
_COLOURS = 6
_SHOWN_MERGES = 12


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A text as one tokenizer cuts it."""

    name: str
    """What the column is called."""
    about: str
    """Kind and size of the tokenizer."""
    ids: Sequence[int]
    """The ids, in order."""
    pieces: Sequence[bytes]
    """What each of them stands for."""
    merges: Mapping[int, Sequence[tuple[bytes, bytes]]]
    """Id to the pairs that were merged to make it, in order; empty where the kind has none."""
    links: Mapping[int, Sequence[bytes]] = field(default_factory=dict)
    """Id to the tokens that say the same in parts: of a whole selector, those of its keywords in a message."""


def write_token_page(cuts: Sequence[Cut], path: Path, note: str = "") -> None:
    """Write the page, a column a tokenizer; `note` stands above them."""
    columns = "\n".join(_column(cut) for cut in cuts)
    lead = f"<p class='facts'>{escape(note)}</p>\n" if note else ""
    write_text(path, fill(_TEMPLATE, f"{lead}<div class='columns'>\n{columns}\n</div>"))


def _column(cut: Cut) -> str:
    counts = Counter(cut.ids)
    size = sum(map(len, cut.pieces))
    ratio = size / max(1, len(cut.ids))
    facts = f"{cut.about} · {len(cut.ids):,} tokens, {len(counts):,} distinct · {ratio:.2f} bytes per token"
    titles = {token: _title(cut, token, piece, counts[token]) for token, piece in zip(cut.ids, cut.pieces, strict=True)}
    marks = []
    colour = -1
    for token, piece in zip(cut.ids, cut.pieces, strict=True):
        # The same id has the same colour, unless its neighbour has it.
        colour = token % _COLOURS if token % _COLOURS != colour else (colour + 1) % _COLOURS
        marks.append(f'<i class="c{colour}" title="{titles[token]}">{_shown(piece)}</i>')
    return (
        f"<section>\n<h2>{escape(cut.name)}</h2>\n<p class='facts'>{escape(facts)}</p>\n"
        f"<p class='text'>{''.join(marks)}</p>\n</section>"
    )


def _title(cut: Cut, token: int, piece: bytes, count: int) -> str:
    times = "once" if count == 1 else f"{count:,} times"
    lines = [f"id {token} · {times} here", f"bytes {piece.hex(' ')}"]
    merges = cut.merges.get(token, ())
    left_out = len(merges) - _SHOWN_MERGES
    if left_out > 0:
        lines.append(f"({left_out} earlier merges)")
    lines += [f"{_spelt(left)} + {_spelt(right)}" for left, right in merges[-_SHOWN_MERGES:]]
    if token in cut.links:
        lines.append(f"in a message {' … '.join(map(_spelt, cut.links[token]))}")
    # Line ends in a title are kept by browsers when written as a reference.
    return "&#10;".join(escape(line) for line in lines)


def _spelt(piece: bytes) -> str:
    """A piece in quotation marks, blanks visible, with what is no whole character in hexadecimal."""
    try:
        return repr(piece.decode("utf-8"))
    except UnicodeDecodeError:
        return piece.hex(" ")


def _shown(piece: bytes) -> str:
    """HTML of a token: its text, a sign before each line end, and bytes of a cut character as small digits."""
    parts: list[str] = []
    # Every byte that is no part of a whole character becomes one lone surrogate from U+DC80 on.
    for character in piece.decode("utf-8", "surrogateescape"):
        if "\udc80" <= character <= "\udcff":
            parts.append(f"<u>{ord(character) - 0xDC00:02x}</u>")
        elif character == "\n":
            parts.append("<u>⏎</u>\n")
        elif character < " " and character != "\t":
            parts.append(f"<u>{ord(character):02x}</u>")
        else:
            parts.append(escape(character))
    return "".join(parts)
