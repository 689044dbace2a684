"""`clean` in parts, for corpora that outgrow one machine: each part is a task of the executor that params name.

Parts are runs of documents in the order in which they came, and what became of them is read back in that order, so
that a stage writes the same bytes whoever did the work. A document is cleaned by itself: parts need know nothing of
each other.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from datatrove.pipeline.base import PipelineStep

from llmlab.artifacts.documents import Document, read_documents, read_rows, write_documents, write_rows
from llmlab.corpus.clean import CleanConfig, clean
from llmlab.corpus.executor import run_tasks
from llmlab.corpus.outcome import OUTCOME_COLUMNS, Dropped, Kept, outcome_of, outcome_row
from llmlab.corpus.work_folder import work_folder

# About ten seconds of work, beside which the start of a task is short.
_PART_CHARACTERS = 8_000_000


def clean_by(documents: Iterable[Document], config: CleanConfig) -> Iterator[Kept | Dropped]:
    """As `clean`, by the executor of the config; in this process when that is one local worker.

    Raises:
        LabError: the executor is not there, or a task failed on it.
    """
    if not config.enabled or (config.executor == "local" and config.cluster.workers == 1):
        yield from clean(documents, config)
        return
    with work_folder("clean") as work:
        yield from clean_in_parts(documents, config, work)


def clean_in_parts(documents: Iterable[Document], config: CleanConfig, work: Path) -> Iterator[Kept | Dropped]:
    """As `clean`, in parts below `work`, a folder that every machine of the executor sees.

    It needs about twice the room of the documents' file, and one part's memory.
    """
    parts = _write_parts(documents, work)
    if parts:
        run_tasks([CleanPart(work, config)], parts, work / "logs" / "clean", config.executor, config.cluster)
    for part in range(parts):
        yield from map(outcome_of, read_rows(_outcomes(work, part), "clean"))


class CleanPart(PipelineStep):
    """The step of a task: cleans the part of its number."""

    name = "clean"
    type = "filter"

    def __init__(self, work: Path, config: CleanConfig) -> None:
        super().__init__()
        self.work = work
        self.config = config

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> None:
        """Write what becomes of the documents of part `rank`."""
        outcomes = clean(read_documents(_part(self.work, rank), "clean"), self.config)
        write_rows(_outcomes(self.work, rank), OUTCOME_COLUMNS, map(outcome_row, outcomes))


def _write_parts(documents: Iterable[Document], work: Path) -> int:
    """Cut the stream into files; returns how many."""
    waiting = iter(documents)
    parts = 0
    while True:
        if not write_documents(_part(work, parts), _take(waiting, _PART_CHARACTERS)):
            return parts
        parts += 1


def _take(documents: Iterator[Document], characters: int) -> Iterator[Document]:
    """Documents until they have that many characters together."""
    taken = 0
    for document in documents:
        yield document
        taken += len(document.text)
        if taken >= characters:
            return


def _part(work: Path, part: int) -> Path:
    return work / "parts" / f"{part:05d}.parquet"


def _outcomes(work: Path, part: int) -> Path:
    return work / "outcomes" / f"{part:05d}.parquet"
