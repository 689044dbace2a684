"""Bytes of a source file to text: byte order mark, UTF-8, else the old encodings by their line ends; always LF."""

import re

from llmlab.artifacts.byte_order import marked_encoding
from llmlab.smalltalk.formats.reading import RefusedError
from llmlab.smalltalk.lexer import unix_lines

# DOS and CP/M ended a text with Ctrl-Z and filled the block with what came to hand, mostly NUL.
_FILLING = b"\x00\x1a"
_CONTROL = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
_MAX_CONTROL_SHARE = 0.002


def decode_source(data: bytes) -> str:
    """The text of a source file: UTF-8, or Mac-Roman where only CR ends lines, or else CP1252; line ends made LF.

    Raises:
        RefusedError: binary data.
    """
    encoding = marked_encoding(data)
    if encoding:
        return unix_lines(_marked(data, encoding))
    data = data.rstrip(_FILLING)
    _refuse_binary(data)
    return unix_lines(_unmarked(data).replace("\x00", "").replace("\x1a", ""))


def _marked(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-8-sig":
            # A mark, and then an old encoding all the same: Dolphin's exporter did that for a while.
            return _unmarked(data[3:])
        raise RefusedError("broken encoding", f"{encoding}: {error.reason} at byte {error.start}") from None


def _unmarked(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # Only the last character is broken: a file cut short, not another encoding.
        if error.end >= len(data) and "unexpected end" in error.reason and any(byte > 127 for byte in data[:-4]):
            return data[: error.start].decode("utf-8")
    if b"\r" in data and b"\n" not in data:
        return data.decode("mac_roman")
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _refuse_binary(data: bytes) -> None:
    controls = sum(1 for _ in _CONTROL.finditer(data, 0, 1 << 20))
    if controls > _MAX_CONTROL_SHARE * min(len(data), 1 << 20):
        raise RefusedError("binary file")
