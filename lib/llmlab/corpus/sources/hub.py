"""Rows of a dataset of the Hugging Face hub, streamed at a pinned revision; or of data files in a folder.

The `datasets` library does the transport and reads Parquet, JSON and CSV; it keeps its own token and its own mirror
setting (HF_TOKEN, HF_ENDPOINT). Which addresses it goes to is not checked here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import datasets
import pyarrow as pa
from datasets.exceptions import DatasetsError

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.content import row_documents

_COMMIT = re.compile(r"[0-9a-f]{40}")
# What the library raises at missing datasets, broken files and broken connections (those are OSErrors).
_TROUBLE = (OSError, ValueError, KeyError, RuntimeError, DatasetsError, pa.ArrowException)


def read(source: Source, context: ReadContext) -> Iterator[Document]:
    """Documents of the first `max_rows` rows, in the order of the dataset.

    Raises:
        LabError: no pinned revision, no such dataset, columns it has not, or a stream that breaks.
    """
    path = f"{source.dataset or source.path}/{source.subset or 'default'}/{source.dataset_split}"
    number = 0
    for number, row in enumerate(hub_rows(source, context), start=1):
        yield from row_documents(row, f"{source.name}: row {number}", path, source, context)
    if not number:
        raise LabError(f"source {source.name}: {path} has no rows", "correct its `dataset_split` or `subset`")


def hub_rows(source: Source, context: ReadContext) -> Iterator[Mapping[str, Any]]:
    """Rows as the library gives them, at most `max_rows`; errors as in `read`."""
    place = _place(source, context)
    # The library takes no end of a stream for an error, but our own errors must pass through as they are.
    try:
        stream = datasets.load_dataset(
            place,
            source.subset or None,
            split=source.dataset_split,
            revision=source.revision or None,
            streaming=True,
            cache_dir=str(context.cache / "hub"),
        )
        if source.columns:
            stream = stream.select_columns(source.columns)
        rows = iter(stream if source.max_rows is None else stream.take(source.max_rows))
    except _TROUBLE as error:
        raise _failed(source, error) from error
    while True:
        try:
            row = next(rows, None)
        except _TROUBLE as error:
            raise _failed(source, error) from error
        if row is None:
            return
        yield row


def _place(source: Source, context: ReadContext) -> str:
    if not source.dataset:
        folder = context.root / source.path
        if not source.path or not folder.is_dir():
            raise LabError(
                f"source {source.name}: no `dataset`, and no folder at {source.path!r}", "name one of the two"
            )
        return str(folder.resolve())
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", source.dataset):
        raise LabError(f"source {source.name}: {source.dataset!r} is no public name owner/name", "correct `dataset`")
    if not _COMMIT.fullmatch(source.revision):
        raise LabError(
            f"source {source.name}: a dataset needs a pinned `revision`, found {source.revision!r}",
            f"run `git ls-remote https://huggingface.co/datasets/{source.dataset}` and put a full hash into the entry",
        )
    return source.dataset


def _failed(source: Source, error: Exception) -> LabError:
    said = " ".join(str(error).split())[:300] or type(error).__name__
    return LabError(
        f"source {source.name}: {source.dataset or source.path} could not be streamed: {said}",
        "check `dataset`, `subset`, `dataset_split`, `columns` and the connection, then run the command again",
    )
