"""A .tar.gz read as a stream: nothing is written under its own name, links and devices pass by, size is capped."""

import gzip
import hashlib
import io
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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
    with _telling_damage(name):
        for member, file in _members(path, name, limit):
            if file is not None:
                yield _file(member, file, max_file_bytes)


@dataclass(frozen=True)
class OpenArchive:
    """Its regular files by path: `sizes` in bytes, `load` reads a small one; `links` counts symbolic links besides."""

    sizes: Mapping[str, int]
    load: Callable[[str], bytes]
    links: int


@contextmanager
def open_archive(path: Path, name: str, limit: int, max_file_bytes: int) -> Iterator[OpenArchive]:
    """An archive whose files can be read in any order: those up to `max_file_bytes` lie in an unnamed file beside it.

    Raises:
        LabError: as `archive_files`.
    """
    with tempfile.TemporaryFile(dir=path.parent) as spool:
        sizes: dict[str, int] = {}
        places: dict[str, int] = {}
        links = 0
        with _telling_damage(name):
            for member, file in _members(path, name, limit):
                links += member.issym()
                if file is not None:
                    sizes[member.name] = member.size
                    if member.size <= max_file_bytes:
                        places[member.name] = spool.tell()
                        shutil.copyfileobj(file, spool)

        def load(wanted: str) -> bytes:
            spool.seek(places[wanted])
            return spool.read(sizes[wanted])

        yield OpenArchive(sizes, load, links)


def _members(path: Path, name: str, limit: int) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Every member, and what reads it when it is a regular file, before the next one is asked for."""
    with gzip.open(path) as packed:
        stream = _Capped(packed, limit, name)
        with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8") as tar:
            for member in tar:
                yield member, tar.extractfile(member) if member.isreg() else None
        while stream.read(_PIECE):
            pass  # to the end, where gzip keeps its checksum


@contextmanager
def _telling_damage(name: str) -> Iterator[None]:
    try:
        yield
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
