"""An ISO week as the name of a note."""

import re
from datetime import date

from llmlab.artifacts.errors import LabError

# strftime would follow the machine's locale, and the same note must have the same bytes everywhere.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def check_week(week: str) -> str:
    """The week itself, when it is one.

    Raises:
        LabError: it is not written as `2026-W47`, or that year has no such week.
    """
    _monday(week)
    return week


def days_of(week: str) -> str:
    """Monday to Sunday, in words: `16 November to 22 November 2026`."""
    monday = _monday(week)
    sunday = date.fromordinal(monday.toordinal() + 6)
    first = f"{monday.day} {_MONTHS[monday.month - 1]}" + (f" {monday.year}" if monday.year != sunday.year else "")
    return f"{first} to {sunday.day} {_MONTHS[sunday.month - 1]} {sunday.year}"


def _monday(week: str) -> date:
    found = re.fullmatch(r"([0-9]{4})-W([0-9]{2})", week)
    try:
        if found is None:
            raise ValueError("not of that form")
        return date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError as error:
        raise LabError(f"{week!r} is no ISO week", "write it as year and week, such as 2026-W47") from error
