"""Documents that the corpus stages dropped: counted by reason, with a few of each to look at."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmlab.artifacts.documents import read_rows
from llmlab.viz.samples import readable

_SAMPLES = 3
_CHARACTERS = 480
STEPS = ("clean", "dedupe", "decontaminate")


@dataclass(frozen=True, order=True)
class Specimen:
    """One dropped document, its text cut to a few lines; ordered by id, which is as good as by chance."""

    id: str
    text: str
    source: str
    path: str
    licence: str
    detail: str
    length: int


@dataclass
class Reason:
    """Everything dropped in one step for one reason."""

    step: str
    reason: str
    fragment: bool
    documents: int = 0
    specimens: list[Specimen] = field(default_factory=list)


def read_drops(dropped: Path, dedup: Path, decontaminated: Path) -> dict[str, list[Reason]]:
    """Language to what was dropped of it: in running order, the commonest reason of each step first.

    Raises:
        LabError: a file is missing or is not what its stage writes.
    """
    found: dict[tuple[str, str, str, bool], Reason] = {}
    for row in _rows(dropped, dedup, decontaminated):
        fragment = row["fragment"] == "yes"
        key = (row["lang"], row["stage"], row["reason"], fragment)
        entry = found.setdefault(key, Reason(row["stage"], row["reason"], fragment))
        entry.documents += 1
        # Of the smallest ids, so that the sample does not depend on the order of the files.
        entry.specimens = heapq.nsmallest(_SAMPLES, [*entry.specimens, _specimen(row)])
    languages: dict[str, list[Reason]] = {}
    for (lang, *_), entry in sorted(found.items(), key=lambda item: _place(item[1])):
        languages.setdefault(lang, []).append(entry)
    return languages


def _rows(dropped: Path, dedup: Path, decontaminated: Path) -> Iterator[Mapping[str, str]]:
    files: Iterable[tuple[Path, str]] = [(path, "clean") for path in sorted(dropped.glob("*.parquet"))]
    for path, stage in [
        *files,
        (dedup / "dropped.parquet", "dedupe"),
        (decontaminated / "dropped.parquet", "decontaminate"),
    ]:
        yield from read_rows(path, stage)


def _specimen(row: Mapping[str, str]) -> Specimen:
    text = readable(row["text"])
    return Specimen(
        id=row["id"],
        text=text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS].rstrip()}…",
        source=readable(row["source"]),
        path=readable(row["path"]),
        licence=readable(row["license"]),
        detail=readable(row["detail"]),
        length=len(text),
    )


def _place(entry: Reason) -> tuple[int, bool, int, str]:
    step = STEPS.index(entry.step) if entry.step in STEPS else len(STEPS)
    return step, entry.fragment, -entry.documents, entry.reason
