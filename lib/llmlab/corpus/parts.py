"""Documents dealt to files by their ids, so that many tasks can each take one, and their order is always the same."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llmlab.artifacts.documents import Document
from llmlab.corpus.exact import id_number

_SCHEMA = pa.schema([(name, pa.string()) for name in ("id", "lang", "kind", "text")])
# Characters that wait for their files, all parts together; a row costs some even when its text is short.
_WAITING = 64_000_000
_ROW_COST = 500
_ID_BITS = 64


def part_of(document_id: str, parts: int) -> int:
    """The part of an id: equal shares of the range of ids, in order. Ids are hashes, so that parts are equally long."""
    return id_number(document_id) * parts >> _ID_BITS


def write_parts(documents: Iterable[Document], folder: Path, parts: int) -> None:
    """Deal documents to `parts` files, each holding what shingles are made from: id, lang, kind and text."""
    folder.mkdir(parents=True, exist_ok=True)
    waiting: list[list[dict[str, str]]] = [[] for _ in range(parts)]
    with ExitStack() as stack:
        files = [
            stack.enter_context(pq.ParquetWriter(part_path(folder, part), _SCHEMA, compression="zstd"))
            for part in range(parts)
        ]

        def flush() -> None:
            for file, rows in zip(files, waiting, strict=True):
                if rows:
                    file.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))
                    rows.clear()

        held = 0
        for document in documents:
            row = {"id": document.id, "lang": document.lang, "kind": document.kind, "text": document.text}
            waiting[part_of(document.id, parts)].append(row)
            held += len(document.text) + _ROW_COST
            if held > _WAITING:
                flush()
                held = 0
        flush()


def read_part(folder: Path, part: int) -> Iterator[dict[str, str]]:
    """The rows of one part, sorted by id; the parts one after the other are sorted as a whole."""
    return iter(
        sorted(pq.read_table(part_path(folder, part)).to_pylist(), key=itemgetter("id", "lang", "kind", "text"))
    )


def part_path(folder: Path, part: int) -> Path:
    """The file of a part."""
    return folder / f"{part:05d}.parquet"
