"""What became of a document in a stage: kept, or dropped with a reason."""

from dataclasses import asdict, dataclass, fields

from llmlab.artifacts.documents import Document


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


DROPPED_COLUMNS = [field.name for field in fields(Document)] + ["stage", "reason", "detail", "fragment"]


def dropped_row(dropped: Dropped) -> dict[str, str]:
    """A dropped document as a row of `DROPPED_COLUMNS`, all text, for `artifacts.documents.write_rows`."""
    facts = {"stage": dropped.stage, "reason": dropped.reason, "detail": dropped.detail}
    return {**asdict(dropped.document), **facts, "fragment": "yes" if dropped.fragment else "no"}
