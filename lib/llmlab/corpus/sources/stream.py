"""Bytes that come piece by piece: unpacked, capped, and decoded, with errors that say where."""

import codecs
import gzip
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import chain
from typing import BinaryIO

from llmlab.artifacts.errors import LabError

_PIECE = 1 << 16
_MARKS = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}


def byte_pieces(file: BinaryIO, limit: int, where: str, *, packed: bool) -> Iterator[bytes]:
    """The bytes of a file, unpacked when it is `packed` by gzip, at most `limit` of them.

    Raises:
        LabError: damaged, or larger than `limit` once unpacked.
    """
    total = 0
    try:
        with gzip.GzipFile(fileobj=file) if packed else nullcontext(file) as plain:
            while piece := plain.read(_PIECE):
                total += len(piece)
                if total > limit:
                    raise LabError(
                        f"{where} unpacks to more than {limit:,} bytes", "raise the size limit if you trust it"
                    )
                yield piece
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise LabError(f"{where} is not whole gzip data: {error}", "fetch or pack the file again") from error


def decoded(pieces: Iterable[bytes], encoding: str, where: str) -> Iterator[str]:
    """The text of bytes that come in pieces of at least four.

    Raises:
        LabError: an unknown encoding, or bytes that are not text in it; names the offset.
    """
    rest = iter(pieces)
    first = next(rest, b"")
    try:
        # Python also knows codecs that are none of text, and refuses them here only.
        b" ".decode(encoding, "replace")
        name = codecs.lookup(encoding).name
        if not first.startswith(_MARKS.get(name, b"")):
            # Only a stream must have the mark; text without one is in this machine's order, as Python reads it at once.
            name = f"{name}-{sys.byteorder[0]}e"
        decoder = codecs.getincrementaldecoder(name)()
    except LookupError as error:
        raise LabError(f"{where}: unknown encoding {encoding!r}", "use a name Python knows, such as cp1252") from error
    fed = 0
    try:
        for piece in chain([first], rest):
            fed += len(piece)
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        # The decoder counts from what it had left over of the piece before.
        place = fed - len(error.object) + error.start
        raise LabError(
            f"{where} is not {encoding} text: {error.reason} at byte {place}",
            "declare the file's `encoding` in its source entry (cp1252, mac_roman, gb18030 …), or convert it to UTF-8",
        ) from error
