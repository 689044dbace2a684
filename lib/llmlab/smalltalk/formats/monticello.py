"""Monticello's `.mcz`: a zip whose `snapshot/source.st` is a chunk file. Read in memory, and trusted in nothing."""

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, replace

from llmlab.smalltalk.formats.chunk import read_chunks
from llmlab.smalltalk.formats.encoding import decode_source
from llmlab.smalltalk.formats.reading import Reading, RefusedError

SOURCE = "snapshot/source.st"
_PIECE = 1 << 16
_NAME = re.compile(r"name\s+'((?:[^']|'')*)'")
_FILE_NAME = re.compile(r"(?P<package>.+?)-(?P<author>[^-.]*)\.(?P<number>\d+)\.mcz", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class ZipLimits:
    """What an archive may cost before it is given up."""

    members: int = 10_000
    """Most entries in its directory."""
    bytes: int = 64 << 20
    """Most bytes of one member, unpacked; counted while unpacking, since directories lie."""
    ratio: int = 200
    """Most times that a member of more than a megabyte may grow by unpacking: source text grows by 3 to 10."""


def is_zip(data: bytes) -> bool:
    """Whether bytes start as a zip archive does."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def open_zip(data: bytes, limits: ZipLimits) -> zipfile.ZipFile:
    """The directory of an archive.

    Raises:
        RefusedError: no zip, a broken one, or one with too many members.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error) as error:
        raise RefusedError("broken zip", str(error)) from None
    if len(archive.infolist()) > limits.members:
        raise RefusedError("zip over its limits", f"{len(archive.infolist()):,} members")
    return archive


def read_member(archive: zipfile.ZipFile, name: str, limits: ZipLimits) -> bytes | None:
    """The bytes of a member; None when there is none of that name.

    Raises:
        RefusedError: encrypted, damaged, or over the limits.
    """
    try:
        info = archive.getinfo(name)
    except KeyError:
        return None
    if info.flag_bits & 1:
        raise RefusedError("encrypted zip", name)
    unpacked = bytearray()
    try:
        with archive.open(info) as member:
            while piece := member.read(_PIECE):
                unpacked += piece
                packed = max(info.compress_size, 1)
                most = min(limits.bytes, max(1 << 20, limits.ratio * packed))
                if len(unpacked) > most:
                    raise RefusedError("zip over its limits", f"{name} unpacks to more than {most:,} bytes")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, RefusedError):
            raise
        raise RefusedError("broken zip", f"{name}: {error}") from None
    return bytes(unpacked)


def read_mcz(data: bytes, limits: ZipLimits | None = None) -> Reading:
    """The classes of a Monticello package.

    Raises:
        RefusedError: not a Monticello package, or an archive that cannot be trusted.
    """
    limits = limits or ZipLimits()
    with open_zip(data, limits) as archive:
        source = read_member(archive, SOURCE, limits)
        if source is None:
            binary = any(each.endswith("snapshot.bin") for each in archive.namelist())
            raise RefusedError("Monticello package without source" if binary else "zip without Smalltalk source")
        package = read_member(archive, "package", limits) or b""
    reading = read_chunks(decode_source(source))
    name = _NAME.search(decode_source(package[:10_000]))
    return replace(reading, format="monticello", package=name[1] if name else reading.package)


def version_of(file_name: str) -> tuple[str, int] | None:
    """Package and number of `Pkg-ab.12.mcz`; None for a name of another form."""
    match = _FILE_NAME.fullmatch(file_name)
    # A number of thousands of digits is nobody's version.
    return (match["package"], int(match["number"])) if match and len(match["number"]) < 10 else None
