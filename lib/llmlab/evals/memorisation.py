"""How much of what a model writes stands in its training set: runs of 50 tokens, looked up exactly.

Fifty tokens in a row as in Lee et al. 2022 (arXiv 2107.06499) and Carlini et al. 2023 (arXiv 2202.07646). The
training shard is read once in pieces, whatever its size: a rolling hash finds the places, and every place that it finds
is compared id by id, so that no run is counted that is not there and none is missed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from llmlab.tokenizer.base import Tokenizer

RUN = 50
SHORT_RUN = 20
_PIECE = 1 << 20
# Any odd number with bits all over: sums of powers modulo 2**64.
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def measure_memorisation(
    groups: Mapping[str, Sequence[str]], tokenizer: Tokenizer, training: np.ndarray
) -> dict[str, dict[str, Any]]:
    """Per group of texts, how many runs of 50 tokens there are and which share of them occurs in the training ids.

    The same for runs of 20, which common phrases already reach. Texts are cut into tokens anew; a text shorter than a
    run has none.
    """
    ids = {name: [np.array(tokenizer.encode(text), dtype=np.int64) for text in texts] for name, texts in groups.items()}
    figures: dict[str, dict[str, Any]] = {name: {} for name in groups}
    for length in (RUN, SHORT_RUN):
        runs = {name: [run for text in found for run in _runs(text, length)] for name, found in ids.items()}
        known = found_runs({run for found in runs.values() for run in found}, training, length)
        for name, found in runs.items():
            share = round(sum(run in known for run in found) / len(found), 4) if found else None
            figures[name] |= {f"runs_{length}": len(found), f"memorised_{length}": share}
    return figures


def found_runs(wanted: set[bytes], training: np.ndarray, length: int, piece: int = _PIECE) -> set[bytes]:
    """Those of the runs (int64 ids as bytes, all of one length) that occur in the training ids."""
    by_hash: dict[int, set[bytes]] = {}
    for run in wanted:
        by_hash.setdefault(int(rolling_hashes(np.frombuffer(run, dtype=np.int64), length)[0]), set()).add(run)
    hashes = np.array(sorted(by_hash), dtype=np.uint64)
    found: set[bytes] = set()
    if not len(hashes):
        return found
    for start in range(0, max(0, len(training) - length + 1), piece):
        ids = np.asarray(training[start : start + piece + length - 1], dtype=np.int64)
        here = rolling_hashes(ids, length)
        places = np.minimum(np.searchsorted(hashes, here), len(hashes) - 1)
        for place in np.flatnonzero(hashes[places] == here):
            missing = by_hash[int(here[place])] - found
            if missing and (run := ids[place : place + length].tobytes()) in missing:
                found.add(run)
    return found


def rolling_hashes(ids: np.ndarray, length: int) -> np.ndarray:
    """A hash of each run of `length` ids, (N - length + 1,) uint64: its polynomial in a fixed factor modulo 2**64."""
    size = max(0, len(ids) - length + 1)
    values = ids.astype(np.uint64) + np.uint64(1)
    total = np.zeros(size, dtype=np.uint64)
    for place in range(length):
        total = total * _FACTOR + values[place : place + size]
    return total


def _runs(ids: np.ndarray, length: int) -> Iterator[bytes]:
    return (ids[start : start + length].tobytes() for start in range(len(ids) - length + 1))
