"""Where a document is in what the stages wrote: what `lab forget` needs to know before it adds to the removal list."""

from collections.abc import Collection, Iterator
from pathlib import Path

from llmlab.artifacts.documents import Document, read_documents, read_rows
from llmlab.corpus.clean import CleanConfig, clean
from llmlab.corpus.outcome import Kept
from llmlab.corpus.removal import Removals


def covered(folder: Path, removals: Removals, stage: str) -> Iterator[Document]:
    """The documents of a folder's files that a list covers; a folder that is not there has none."""
    for path in sorted(folder.glob("*.parquet")):
        yield from (document for document in read_documents(path, stage) if removals.covers(document))


def raw_ids(document: Document, raw: Path, config: CleanConfig) -> list[str]:
    """Ids of the raw documents that nothing but a clean document is made from.

    Cleaning changes a text and so its id. A raw file that gives other documents too is not named: listing it would
    take those along.
    """
    found = []
    path = raw / f"{document.lang}.parquet"
    for origin in read_documents(path, "scrape") if path.exists() else []:
        if (origin.source, origin.path, origin.group) == (document.source, document.path, document.group):
            made = [outcome.document.id for outcome in clean([origin], config) if isinstance(outcome, Kept)]
            if made == [document.id]:
                found.append(origin.id)
    return found


def near_copies(ids: Collection[str], clusters: Path) -> list[str]:
    """Ids of documents that `dedupe` found to be near-copies of these, these left out; none without a table."""
    if not clusters.exists():
        return []
    rows = list(read_rows(clusters, "dedupe"))
    touched = {row["cluster"] for row in rows if row["id"] in ids}
    return sorted(row["id"] for row in rows if row["cluster"] in touched and row["id"] not in ids)
