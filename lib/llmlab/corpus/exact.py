"""Equal texts: which documents differ in blanks and case only, told by hashes so that no text is held."""

import hashlib
import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from llmlab.artifacts.documents import Document

_ROW = struct.Struct(">16sQ")
_FIELDS = np.dtype([("high", ">u8"), ("low", ">u8"), ("id", ">u8")])


def exact_key(document: Document) -> str:
    """Equal for texts that differ in blanks only (and, outside code, in case)."""
    return _digest(document).hex()


@dataclass(frozen=True)
class ExactGroups:
    """The groups of equal documents of a stream of N documents.

    `first` (N,) says of each document whether it stands for its group: it has the group's smallest id, and is the
    first that has it. `copies` holds (id, id that stands for it) for every document of the groups of two or more;
    `characters` is how long those that stand for a group are together.
    """

    first: npt.NDArray[np.bool_]
    copies: list[tuple[str, str]]
    characters: int


def find_exact(documents: Iterable[Document]) -> ExactGroups:
    """One pass over the documents; 32 bytes of memory each."""
    table, lengths = bytearray(), array("L")
    for document in documents:
        table += _ROW.pack(_digest(document), id_number(document.id))
        lengths.append(len(document.text))
    rows = np.frombuffer(table, dtype=_FIELDS)
    order = np.lexsort((rows["id"], rows["low"], rows["high"]))
    ordered = rows[order]
    starts = np.ones(len(rows), dtype=bool)
    starts[1:] = (ordered["high"][1:] != ordered["high"][:-1]) | (ordered["low"][1:] != ordered["low"][:-1])
    first = np.zeros(len(rows), dtype=bool)
    first[order[starts]] = True
    group = np.cumsum(starts) - 1
    shared = np.bincount(group)[group] > 1 if len(rows) else starts
    leaders = ordered["id"][starts]
    copies = zip(ordered["id"][shared], leaders[group[shared]], strict=True)
    pairs = [(id_text(int(one)), id_text(int(leader))) for one, leader in copies]
    return ExactGroups(first, pairs, int(np.array(lengths)[first].sum()))


def id_number(document_id: str) -> int:
    """A document's id, which is 16 hexadecimal digits, as a number that sorts as it does."""
    return int(document_id, 16)


def id_text(number: int) -> str:
    """The id that `id_number` gave the number of."""
    return f"{number:016x}"


def _digest(document: Document) -> bytes:
    text = " ".join(document.text.split())
    folded = text if document.kind == "code" else text.casefold()
    return hashlib.sha256(f"{document.lang}\0{folded}".encode()).digest()[:16]
