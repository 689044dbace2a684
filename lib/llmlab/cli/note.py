"""`lab note`: the note of a week."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from llmlab.cli.project import project_params


def note(
    week: Annotated[str, typer.Option(help="An ISO week, such as 2026-W47; by default the present one.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Write it again, keeping your own words in it.")] = False,
) -> None:
    """Write the week's note: what changed, the numbers, one plot, samples, and room for your words."""
    from llmlab.notes.note import write_note  # noqa: PLC0415

    project_params()
    path = write_note(Path(), week or this_week(date.today()), again=again)
    print(f"wrote {path}")
    print(f"next: add your words to it, then `git add notes && git commit -m 'Note of {path.stem}'`")


def this_week(today: date) -> str:
    """The ISO week of a day: the first days of January may belong to the year before."""
    year, week, _ = today.isocalendar()
    return f"{year}-W{week:02d}"
