"""The shard file: a fixed header, then ids, read through a memory map; beside it, where documents start.

`ids.bin`: 80 little-endian bytes of header (magic `LLMSHARD`, version u32, bytes per id u32, tokens u64,
tokenizer sha256 as 32 raw bytes, 24 spare) and then the ids as u16 or u32. `documents.parquet`: start, bytes of
text, language, kind and id of each document.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from llmlab.artifacts.errors import LabError, missing_file
from llmlab.artifacts.manifest import check_version

SHARD_VERSION = 1
_MAGIC = b"LLMSHARD"
_HEADER = struct.Struct("<8sIIQ32s24x")
_STAGE = "shard"
_REMEDY = f"run `dvc repro -f {_STAGE}`, which writes it"


@dataclass(frozen=True)
class EncodedDocument:
    """Ids of one document, opening tokens and end token included, and the bytes of its original text."""

    id: str
    lang: str
    kind: str
    text_bytes: int
    ids: list[int]


@dataclass(frozen=True)
class Shard:
    """A set of documents as one run of ids, (N,), memory-mapped; starts (M,) of the documents in it."""

    ids: np.ndarray
    starts: np.ndarray
    text_bytes: np.ndarray
    languages: list[str]
    kinds: list[str]
    document_ids: list[str]

    def document(self, index: int) -> np.ndarray:
        """Ids of document `index`, without copying."""
        stop = self.starts[index + 1] if index + 1 < len(self.starts) else len(self.ids)
        return self.ids[self.starts[index] : stop]


def write_shard(folder: Path, documents: Iterable[EncodedDocument], tokenizer_hash: str, vocab_size: int) -> int:
    """Write a shard into `folder` (which should be a temporary one); returns the number of tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    dtype = np.dtype("<u2" if vocab_size <= 2**16 else "<u4")
    rows: dict[str, list[object]] = {name: [] for name in ("start", "bytes", "lang", "kind", "id")}
    count = 0
    with (folder / "ids.bin").open("wb") as file:
        file.write(b"\0" * _HEADER.size)
        for document in documents:
            values = (count, document.text_bytes, document.lang, document.kind, document.id)
            for column, value in zip(rows.values(), values, strict=True):
                column.append(value)
            file.write(np.asarray(document.ids, dtype=dtype).tobytes())
            count += len(document.ids)
        file.seek(0)
        file.write(_HEADER.pack(_MAGIC, SHARD_VERSION, dtype.itemsize, count, bytes.fromhex(tokenizer_hash)))
    types = {"start": pa.int64(), "bytes": pa.int64(), "lang": pa.string(), "kind": pa.string(), "id": pa.string()}
    table = pa.table({name: pa.array(values, types[name]) for name, values in rows.items()})
    pq.write_table(table, folder / "documents.parquet", compression="zstd")
    return count


def read_shard(folder: Path, tokenizer_hash: str) -> Shard:
    """Open a shard that was made with the tokenizer of that hash.

    Raises:
        LabError: missing, no shard, another version, truncated, or another tokenizer.
    """
    path = folder / "ids.bin"
    if not path.exists():
        raise missing_file(path, _STAGE)
    dtype, count, made_with = _read_header(path)
    if made_with != tokenizer_hash:
        raise LabError(
            f"{path} was made with tokenizer {made_with[:12]}, the one at hand is {tokenizer_hash[:12]}",
            f"run `dvc repro {_STAGE}`, which encodes the text anew",
        )
    expected = _HEADER.size + count * dtype.itemsize
    if path.stat().st_size != expected:
        raise LabError(f"{path} is truncated: {path.stat().st_size:,} bytes, its header says {expected:,}", _REMEDY)
    ids = np.memmap(path, dtype=dtype, mode="r", offset=_HEADER.size, shape=(count,)) if count else np.zeros(0, dtype)
    columns = _read_index(folder / "documents.parquet")
    starts, text_bytes = (np.asarray(columns[name], dtype=np.int64) for name in ("start", "bytes"))
    return Shard(ids, starts, text_bytes, columns["lang"], columns["kind"], columns["id"])


def _read_index(path: Path) -> dict[str, list[Any]]:
    if not path.exists():
        raise missing_file(path, _STAGE)
    try:
        return pq.read_table(path).to_pydict()
    except (pa.ArrowInvalid, OSError) as error:
        raise LabError(f"{path} cannot be read as Parquet: {error}", _REMEDY) from error


def _read_header(path: Path) -> tuple[np.dtype, int, str]:
    head = path.open("rb").read(_HEADER.size)
    if len(head) < _HEADER.size or head[:8] != _MAGIC:
        raise LabError(f"{path} is not a shard (its first bytes are {head[:8]!r})", _REMEDY)
    _, version, width, count, tokenizer = _HEADER.unpack(head)
    check_version(version, SHARD_VERSION, path, _REMEDY)
    return np.dtype("<u2" if width == 2 else "<u4"), count, tokenizer.hex()
