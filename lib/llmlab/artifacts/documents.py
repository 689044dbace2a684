"""The document record and its Parquet form: what every corpus stage reads and writes."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from llmlab.artifacts.atomic import atomic_file
from llmlab.artifacts.errors import LabError, missing_file
from llmlab.artifacts.manifest import check_version

TABLE_VERSION = 1
_VERSION_KEY = b"llmlab.version"
_ROWS_PER_GROUP = 4096
# A row group is what a writer holds; books would make one of gigabytes if rows alone were counted.
_CHARACTERS_PER_GROUP = 32_000_000
_ROWS_READ = 512
KINDS = ("code", "prose", "verse", "dialogue")


@dataclass(frozen=True, kw_only=True)
class Document:
    """One text and where it came from.

    `group` (repository, book, author) is never split across train, validation and test; `meta` is a JSON object in
    text form (for Smalltalk: dialect, class, superclass, package). No clock times: equal input gives equal bytes.
    """

    id: str
    lang: str
    kind: str
    text: str
    source: str
    group: str
    path: str = ""
    url: str = ""
    license: str = ""
    meta: str = "{}"


COLUMNS = [field.name for field in fields(Document)]


def document_id(lang: str, text: str) -> str:
    """The id of a text: 16 hexadecimal digits of the sha256 of its language and its text without outer blanks."""
    return hashlib.sha256(f"{lang}\0{text.strip()}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def make_document(
    *, lang: str, kind: str, text: str, source: str, group: str, meta: Mapping[str, Any] | None = None, **where: str
) -> Document:
    """A document with its id worked out; `where` takes path, url and license.

    Raises:
        ValueError: `kind` is not one of `KINDS`.
    """
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is not one of {', '.join(KINDS)}")
    facts = json.dumps(dict(meta or {}), ensure_ascii=False, sort_keys=True)
    return Document(
        id=document_id(lang, text), lang=lang, kind=kind, text=text, source=source, group=group, meta=facts, **where
    )


def write_documents(path: Path, documents: Iterable[Document]) -> int:
    """Stream documents into a zstd Parquet file, atomically; returns how many."""
    # The fields are texts, which asdict would copy one by one.
    return write_rows(path, COLUMNS, map(vars, documents))


def read_documents(path: Path, stage: str) -> Iterator[Document]:
    """Stream the documents that `stage` wrote.

    Raises:
        LabError: the file is missing, is no Parquet file, or has another format version.
    """
    return (Document(**row) for row in read_rows(path, stage))


class RowWriter:
    """Takes the rows of one file as they come, holding one row group; `count` is how many there were."""

    def __init__(self, file: pq.ParquetWriter, schema: pa.Schema) -> None:
        self._file, self._schema = file, schema
        self._batch: list[Mapping[str, str]] = []
        self._characters = 0
        self.count = 0

    def write(self, row: Mapping[str, str]) -> None:
        """Add a row."""
        self._batch.append(row)
        self._characters += sum(map(len, row.values()))
        self.count += 1
        if len(self._batch) == _ROWS_PER_GROUP or self._characters >= _CHARACTERS_PER_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what is held as one row group."""
        self._file.write_table(pa.Table.from_pylist(self._batch, schema=self._schema))
        self._batch, self._characters = [], 0


@contextmanager
def open_rows(path: Path, columns: list[str]) -> Iterator[RowWriter]:
    """What writes rows of text columns into a zstd Parquet file, which is there once all is well, or not at all."""
    schema = pa.schema([(name, pa.string()) for name in columns], metadata={_VERSION_KEY: str(TABLE_VERSION).encode()})
    with atomic_file(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as file:
        rows = RowWriter(file, schema)
        yield rows
        rows.flush()


def write_rows(path: Path, columns: list[str], rows: Iterable[Mapping[str, str]]) -> int:
    """Stream rows of text columns into a zstd Parquet file, atomically; returns how many."""
    with open_rows(path, columns) as file:
        for row in rows:
            file.write(row)
    return file.count


def read_rows(path: Path, stage: str) -> Iterator[dict[str, str]]:
    """Stream the rows of a file that `stage` wrote; errors as in `read_documents`."""
    if not path.exists():
        raise missing_file(path, stage)
    remedy = f"run `dvc repro -f {stage}`, which writes it"
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise LabError(f"{path} cannot be read as Parquet: {error}", remedy) from error
    metadata = file.schema_arrow.metadata or {}
    found = metadata.get(_VERSION_KEY, b"none").decode()
    check_version(int(found) if found.isdigit() else found, TABLE_VERSION, path, remedy)
    # Group by group: across groups the reader would fill its batches up and hold two.
    batches = (file.iter_batches(_ROWS_READ, row_groups=[group]) for group in range(file.num_row_groups))
    return (row for group in batches for batch in group for row in batch.to_pylist())
