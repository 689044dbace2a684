"""The leaderboard as one page that opens offline, and as Markdown."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

from llmlab.artifacts.atomic import write_text
from llmlab.viz.board import Board, Column, Entrant
from llmlab.viz.labels import decimal, percent
from llmlab.viz.results import find, number
from llmlab.viz.tables import markdown_table
from llmlab.viz.template import fill

_TEMPLATE = Path(__file__).with_name("leaderboard.html")
# With blanks that do not break: an arrow alone on a line belongs to nothing.
_ARROWS = {1: "\u00a0↑", -1: "\u00a0↓", 0: ""}
_NOTES = {
    "Bits per byte of held-out text": "The only loss that compares across tokenizers. Less is better.",
    "Smalltalk methods from held-out signatures": "Judged by the parser; a method cut off counts as wrong. "
    "“Names sound” counts what does not parse as unsound, too.",
    "Smalltalk classes from their name": "Real classes are whole, written ones end at a fixed length.",
    "Smalltalk messages with a hidden selector": "Every row ranks the same candidates.",
    "Copied and toxic": "To be read beside real text, which was not copied: what exceeds it is the model's. "
    "The word list sees little; zero is no proof.",
    "Tasks with one right answer": "Exact match of the likeliest answer.",
    "Other": "Given by hand.",
}
_LEFT = {
    "examples": "examples",
    "dropped": "documents dropped for it",
    "examples_touched": "examples touched",
    "examples_whole": "whole examples found",
    "left": "training documents left",
    "as_instruction": "asked in training word for word",
}


def write_leaderboard(board: Board, contamination: Mapping[str, object], path: Path) -> None:
    """Write the page: a table a group, then what is known of each task's cleanness."""
    sections = [_section(board, group) for group in board.groups()]
    body = "\n".join(sections) or "<p class='empty'>Nothing was measured yet.</p>"
    write_text(path, fill(_TEMPLATE, body + _contamination(contamination)))


def leaderboard_markdown(board: Board) -> str:
    """The same tables as Markdown; the best number of a column is bold."""
    parts = []
    for group in board.groups():
        columns, rows = board.of_group(group)
        cells = [[each.name, *(_marked(board, column, each) for column in columns)] for each in rows]
        heads = ["", *(column.title + _ARROWS[column.better] for column in columns)]
        parts.append(f"**{group}**\n\n{markdown_table(heads, cells)}")
    return "\n\n".join(parts) + "\n" if parts else "Nothing was measured yet: run `dvc repro evaluate`.\n"


def _section(board: Board, group: str) -> str:
    columns, rows = board.of_group(group)
    heads = "".join(f"<th scope='col'>{escape(c.title)}{_ARROWS[c.better]}</th>" for c in columns)
    lines = "\n".join(_line(board, columns, each) for each in rows)
    note = f"<p class='lead'>{escape(_NOTES.get(group, ''))}</p>"
    table = f"<table><thead><tr><th></th>{heads}</tr></thead>\n<tbody>\n{lines}\n</tbody></table>"
    return f"<section>\n<h2>{escape(group)}</h2>\n{note}\n<div class='scroll'>{table}</div>\n</section>"


def _line(board: Board, columns: list[Column], entrant: Entrant) -> str:
    cells = "".join(_cell(board, column, entrant) for column in columns)
    return f"<tr class='{entrant.kind}'><th scope='row'>{escape(entrant.name)}</th>{cells}</tr>"


def _cell(board: Board, column: Column, entrant: Entrant) -> str:
    value = entrant.values.get(column.key)
    if value is None:
        return "<td class='number none'>–</td>"
    best = " best" if _is_best(board, column, entrant) else ""
    widest = 1.0 if column.is_share else max(abs(each.values.get(column.key, 0)) for each in board.entrants) or 1.0
    width = max(0.0, min(1.0, value / widest)) * 100
    bar = f"<span class='bar' style='width:{width:.1f}%'></span>"
    return f"<td class='number{best}'>{bar}<span>{escape(_text(column, value))}</span></td>"


def _text(column: Column, value: float | None) -> str:
    return percent(value) if column.is_share else decimal(value)


def _marked(board: Board, column: Column, entrant: Entrant) -> str:
    text = _text(column, entrant.values.get(column.key))
    return f"**{text}**" if _is_best(board, column, entrant) else text


def _is_best(board: Board, column: Column, entrant: Entrant) -> bool:
    best = board.best(column)
    return entrant.kind != "ceiling" and best is not None and entrant.values.get(column.key) == best


def _contamination(tree: Mapping[str, object]) -> str:
    if not tree:
        return ""
    heads = "".join(f"<th scope='col'>{escape(title)}</th>" for title in _LEFT.values())
    rows = "\n".join(
        f"<tr><th scope='row'>{escape(name)}</th>"
        + "".join(f"<td class='number'>{decimal(number(find(tree, name), key), 0)}</td>" for key in _LEFT)
        + "</tr>"
        for name in sorted(tree)
    )
    lead = "Pieces of the tasks in the texts, by stage <code>decontaminate</code>; “left” must be 0."
    table = f"<table><thead><tr><th></th>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>"
    heading = f"<h2>Contamination</h2>\n<p class='lead'>{lead}</p>"
    return f"\n<section>\n{heading}\n<div class='scroll'>{table}</div>\n</section>"
