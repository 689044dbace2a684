"""What became of a document in a stage: kept, or dropped with a reason."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmlab.artifacts.documents import COLUMNS, Document, open_rows


@dataclass(frozen=True)
class Kept:
    """A document that goes on.

    `part` is 0 for a document as it came in, and counts from 1 where one became several: the classes of a file.
    """

    document: Document
    part: int = 0


@dataclass(frozen=True)
class Dropped:
    """A document that does not, and why.

    `reason` is one of few phrases, to be counted; `detail` says more about this one. A `fragment` is a part of a
    document (a broken method of a class), which does not count when documents in and out are compared; `part` is as
    in `Kept`.
    """

    document: Document
    stage: str
    reason: str
    detail: str = ""
    fragment: bool = False
    part: int = 0


DROPPED_COLUMNS = [*COLUMNS, "stage", "reason", "detail", "fragment"]
OUTCOME_COLUMNS = [*DROPPED_COLUMNS, "part", "kept"]


def dropped_row(dropped: Dropped) -> dict[str, str]:
    """A dropped document as a row of `DROPPED_COLUMNS`, all text."""
    facts = {"stage": dropped.stage, "reason": dropped.reason, "detail": dropped.detail}
    return {**vars(dropped.document), **facts, "fragment": "yes" if dropped.fragment else "no"}


@contextmanager
def open_dropped(path: Path) -> Iterator[Callable[[Dropped], None]]:
    """What writes dropped documents into a file one by one; the file is there once all is well, or not at all."""
    with open_rows(path, DROPPED_COLUMNS) as rows:
        yield lambda dropped: rows.write(dropped_row(dropped))


def outcome_row(outcome: Kept | Dropped) -> dict[str, str]:
    """Any outcome as a row of `OUTCOME_COLUMNS`, which `outcome_of` reads."""
    kept = isinstance(outcome, Kept)
    dropped = Dropped(outcome.document, "", "") if isinstance(outcome, Kept) else outcome
    return {**dropped_row(dropped), "part": str(outcome.part), "kept": "yes" if kept else "no"}


def outcome_of(row: Mapping[str, str]) -> Kept | Dropped:
    """The outcome that `outcome_row` gave the row of."""
    document, part = Document(**{name: row[name] for name in COLUMNS}), int(row["part"])
    if row["kept"] == "yes":
        return Kept(document, part)
    return Dropped(document, row["stage"], row["reason"], row["detail"], row["fragment"] == "yes", part)
