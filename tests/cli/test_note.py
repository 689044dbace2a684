from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from llmlab.cli.note import this_week


def test_note_of_a_week(works: Callable[..., str], project: Path) -> None:
    assert "wrote notes/2026-W47.md" in works("note", "--week", "2026-W47")
    assert (project / "notes/2026-W47.md").read_text(encoding="utf-8").startswith("# 2026-W47")


def test_this_week_is_the_default(works: Callable[..., str], project: Path) -> None:
    week = this_week(date.today())
    assert week in works("note")
    assert (project / f"notes/{week}.md").exists()


def test_again(works: Callable[..., str], fails: Callable[..., str]) -> None:
    works("note", "--week", "2026-W47")
    assert "--again" in fails("note", "--week", "2026-W47")
    works("note", "--week", "2026-W47", "--again")


@pytest.mark.parametrize("week", ["47", "2026-W60", "last", "../x"])
def test_no_such_week(fails: Callable[..., str], week: str) -> None:
    assert week in fails("note", "--week", week)


def test_iso_weeks_at_the_turn_of_the_year() -> None:
    days = [date(2026, 11, 21), date(2027, 1, 1), date(2024, 12, 30)]
    assert [this_week(day) for day in days] == ["2026-W47", "2026-W53", "2025-W01"]
