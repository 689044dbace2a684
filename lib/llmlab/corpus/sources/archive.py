"""A .tar.gz read as a stream: nothing is written to disk, links and devices are passed over, size is capped."""

import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from llmlab.artifacts.errors import LabError

_PIECE = 1 << 16
_DAMAGE = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile)


class _Capped(io.RawIOBase):
    """The unpacked bytes of a gzip file, up to a limit: no header inside can make us read more."""

    def __init__(self, file: gzip.GzipFile, limit: int, name: str) -> None:
        self._file, self._left, self._limit, self._name = file, limit, limit, name

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._file.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise LabError(
                f"the archive of {self._name} unpacks to more than {self._limit:,} bytes",
                "raise `limits.max_bytes` of that scrape section if you trust it",
            )
        return data


@dataclass(frozen=True)
class ArchivedFile:
    """One regular file; `data` is None when it is larger than what was asked for."""

    path: str
    sha256: str
    data: bytes | None


def archive_files(path: Path, name: str, limit: int, max_file_bytes: int) -> Iterator[ArchivedFile]:
    """The regular files of an archive in its own order, of which those up to `max_file_bytes` are kept in memory.

    Raises:
        LabError: damaged, cut short, or more than `limit` bytes once unpacked.
    """
    try:
        with gzip.open(path) as packed:
            stream = _Capped(packed, limit, name)
            with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8") as tar:
                for member in tar:
                    file = tar.extractfile(member) if member.isreg() else None
                    if file is not None:
                        yield _file(member, file, max_file_bytes)
            while stream.read(_PIECE):
                pass  # to the end, where gzip keeps its checksum
    except _DAMAGE as error:
        raise LabError(f"the archive of {name} is damaged: {error}", "run the command again") from error


def _file(member: tarfile.TarInfo, file: IO[bytes], max_file_bytes: int) -> ArchivedFile:
    digest, kept = hashlib.sha256(), bytearray()
    while piece := file.read(_PIECE):
        digest.update(piece)
        if member.size <= max_file_bytes:
            kept += piece
    return ArchivedFile(member.name, digest.hexdigest(), bytes(kept) if member.size <= max_file_bytes else None)


def archive_commit(path: Path) -> str:
    """The commit that `git archive` notes in a comment at the start; empty when it is another maker's archive."""
    try:
        with gzip.open(path) as packed, tarfile.open(fileobj=packed, mode="r|", encoding="utf-8") as tar:
            return str(tar.pax_headers.get("comment", ""))
    except _DAMAGE:
        return ""
