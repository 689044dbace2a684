"""Shingles, by which near-duplicates are found: n-grams of a text's own units, hashed, and kept on disk by number."""

import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt
import xxhash

from llmlab.corpus.units import Unit, split_units

Hashes = npt.NDArray[np.uint64]
# What an array needs beside its numbers.
_COST = 200


def shingles(text: str, unit: Unit, size: int) -> list[str]:
    """The n-grams of units that stand for a text, in order; one that is shorter than n is one shingle as a whole."""
    units = split_units(text, unit)
    if not units:
        return []
    joint = "" if unit == "char" else " "
    return [joint.join(units[start : start + size]) for start in range(max(1, len(units) - size + 1))]


def hash_shingles(text: str, unit: Unit, size: int) -> Hashes:
    """The different shingles of a text as sorted 64-bit hashes (M,)."""
    values = {xxhash.xxh64_intdigest(shingle) for shingle in shingles(text, unit, size)}
    return np.sort(np.fromiter(values, dtype=np.uint64, count=len(values)))


def similarity(a: Hashes, b: Hashes) -> float:
    """Jaccard similarity of two sets of hashes, each sorted and without repeats; 0 for two empty ones."""
    common = len(np.intersect1d(a, b, assume_unique=True))
    return common / max(1, len(a) + len(b) - common)


class ShingleWriter:
    """Writes the hashes of one part's documents, one document after the other."""

    def __init__(self, folder: Path, part: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{part:05d}"
        self._file = self._path.with_suffix(".hashes").open("wb")
        self._ends = [0]

    def append(self, hashes: Hashes) -> None:
        """Add the next document's hashes."""
        self._file.write(hashes.astype("<u8").tobytes())
        self._ends.append(self._ends[-1] + len(hashes))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()
        self._path.with_suffix(".ends").write_bytes(np.array(self._ends, dtype="<u8").tobytes())


class ShingleReader:
    """Reads single documents' hashes by part and number, keeping the latest at hand, up to `keep` bytes of them.

    Plain reads at an offset rather than mapped memory, which would count as this process's own.
    """

    def __init__(self, folder: Path, parts: Iterable[int], keep: int = 1 << 26) -> None:
        self._open = ExitStack()
        self._files: dict[int, int] = {}
        self._ends: dict[int, npt.NDArray[np.uint64]] = {}
        for part in parts:
            file = self._open.enter_context((folder / f"{part:05d}.hashes").open("rb", buffering=0))
            self._files[part] = file.fileno()
            self._ends[part] = np.frombuffer((folder / f"{part:05d}.ends").read_bytes(), dtype="<u8")
        self._keep, self._held = keep, 0
        # Python's dictionaries know the order in which their keys came: the first is the one longest unused.
        self._near: dict[tuple[int, int], Hashes] = {}

    def read(self, part: int, number: int) -> Hashes:
        """The hashes of a document, sorted and without repeats."""
        hashes = self._near.pop((part, number), None)
        if hashes is None:
            hashes = self._read(part, number)
            self._held += hashes.nbytes + _COST
        self._near[part, number] = hashes
        while self._held > self._keep and len(self._near) > 1:
            self._held -= self._near.pop(next(iter(self._near))).nbytes + _COST
        return hashes

    def _read(self, part: int, number: int) -> Hashes:
        start, end = (int(place) for place in self._ends[part][number : number + 2])
        return np.frombuffer(os.pread(self._files[part], 8 * (end - start), 8 * start), dtype="<u8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()
