"""TensorBoard's event files, written without TensorBoard: framed records of a small protocol buffer.

A record is length (8 bytes), masked CRC of the length, data, masked CRC of the data, all little-endian (TFRecord). The
data is an `Event`: wall time (field 1), step (2), and one of file version (3), summary (5), session log (7).
"""

import os
import struct
import time
from collections.abc import Mapping
from pathlib import Path

_VERSION = "brain.Event:2"
_POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed (RFC 3720, appendix B.4)
_MASK = 0xA282EAD8
_START = 1  # SessionLog.START: readers drop what they have from its step on


def _table() -> tuple[int, ...]:
    values = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        values.append(value)
    return tuple(values)


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """The CRC-32C of bytes."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """Data in TFRecord's frame."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def scalars(when: float, step: int, values: Mapping[str, float]) -> bytes:
    """An event with one number per tag."""
    parts = (_bytes(1, tag.encode()) + b"\x15" + struct.pack("<f", value) for tag, value in values.items())
    return _event(when, step, _bytes(5, b"".join(_bytes(1, part) for part in parts)))


def restart(when: float, step: int) -> bytes:
    """The event that takes back all from `step` on, of a run that was killed and takes those steps again."""
    return _event(when, step, _bytes(7, b"\x08" + _varint(_START)))


def header(when: float) -> bytes:
    """The event that every file begins with."""
    return _event(when, 0, _bytes(3, _VERSION.encode()))


class EventFile:
    """One run's curves for `tensorboard --logdir`; a run that goes on begins another file in the same folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = -1

    def start(self, step: int) -> None:
        """Begin, or go on after `step`; what was written of later steps is taken back."""
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        if step == 0:
            for old in self._folder.glob("events.out.tfevents.*"):
                old.unlink()
        now = time.time()
        name = f"events.out.tfevents.{int(now):010d}.{time.time_ns() % 10**9:09d}.{os.getpid()}"
        self._file = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._write(header(now))
        self._write(restart(now, step + 1))

    def log(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """Numbers of one step, each under the tag `kind/name`."""
        self._write(scalars(time.time(), step, {f"{kind}/{name}": value for name, value in values.items()}))

    def close(self) -> None:
        """Nothing more comes."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _write(self, event: bytes) -> None:
        # Unbuffered: a killed run's last step is on disk, and a reader never meets half a record for long.
        os.write(self._file, record(event))


def _event(when: float, step: int, what: bytes) -> bytes:
    return b"\x09" + struct.pack("<d", when) + (b"\x10" + _varint(step) if step else b"") + what


def _bytes(field: int, data: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    pieces = []
    while number > 0x7F:
        pieces.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*pieces, number])


def _masked(data: bytes) -> bytes:
    value = crc32c(data)
    return struct.pack("<I", ((value >> 15 | value << 17) + _MASK) & 0xFFFFFFFF)
