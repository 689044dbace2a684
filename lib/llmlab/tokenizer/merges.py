"""Learning merges on arrays: the same pairs as `bpe.learn_merges`, two orders of magnitude faster.

All words lie in one array of places, with arrays that name the next and the previous place. Two facts keep it short:

- Joining makes pairs with the new token only. So all places of a pair become known at one moment, when the younger of
  its two tokens is made, and afterwards its count can only fall.
- So a count on the heap is never too small. It is taken anew when its pair comes up, by looking which of its places
  still hold it; if it fell, the pair goes back with the true count. No other count has to be corrected.
"""

import heapq
from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
_GONE = -1


def learn_merges(
    words: Sequence[Sequence[int]], counts: Sequence[int], sizes: Sequence[int], wanted: int, longest: int
) -> list[tuple[int, int]]:
    """See `bpe.learn_merges`."""
    board = _Board(words, counts)
    length = list(sizes)
    # A key is left << 32 | right, so that keys are ordered as pairs are.
    places: dict[int, Ints] = {}
    heap: list[tuple[int, int]] = []
    _enter(board, np.flatnonzero(board.next != _GONE).astype(np.int32), places, heap)
    learned: list[tuple[int, int]] = []
    while heap and len(learned) < wanted:
        negative, key = heapq.heappop(heap)
        left, right = key >> 32, key & 0xFFFFFFFF
        if length[left] + length[right] > longest:
            del places[key]
            continue
        places[key] = board.still(places[key], left, right)
        total = int(board.weight[places[key]].sum())
        if total != -negative:
            if total > 1:
                heapq.heappush(heap, (-total, key))
            continue
        starts = board.join(places.pop(key), len(length), same=left == right)
        learned.append((left, right))
        length.append(length[left] + length[right])
        _enter(board, starts, places, heap)
    return learned


class _Board:
    """Every token of every word: place p holds `token[p]`, and `next[p]` is where its right neighbour lies."""

    def __init__(self, words: Sequence[Sequence[int]], counts: Sequence[int]) -> None:
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        size = int(lengths.sum())
        self.token: Ints = np.fromiter(chain.from_iterable(words), np.int32, size)
        self.weight: Longs = np.repeat(np.fromiter(counts, np.int64, len(words)), lengths)
        self.next: Ints = np.arange(1, size + 1, dtype=np.int32)
        self.previous: Ints = np.arange(-1, size - 1, dtype=np.int32)
        ends = np.cumsum(lengths)
        self.next[ends[lengths > 0] - 1] = _GONE
        self.previous[(ends - lengths)[lengths > 0]] = _GONE

    def still(self, places: Ints, left: int, right: int) -> Ints:
        """Those of the places that still hold the pair."""
        places = places[self.token[places] == left]
        after = self.next[places]
        # subtle: place -1 is the last one, so what follows a word's end is read and then ruled out.
        return places[(after != _GONE) & (self.token[after] == right)]

    def join(self, places: Ints, made: int, *, same: bool) -> Ints:
        """Put `made` in place of the pair; returns where the pairs begin that this makes."""
        if same:
            places = self._every_other(places)
        after = self.next[places]
        beyond = self.next[after]
        self.token[places] = made
        self.token[after] = _GONE
        self.next[places] = beyond
        inner = beyond != _GONE
        self.previous[beyond[inner]] = places[inner]
        before = self.previous[places]
        before = before[before != _GONE]
        # A neighbour that was joined as well is among `places`; it must not count twice.
        return np.concatenate([places[inner], before[self.token[before] != made]])

    def _every_other(self, places: Ints) -> Ints:
        """In a run such as a a a a each place but the last begins a pair; every second one is joined, from the left."""
        opens = np.ones(len(places), bool)
        opens[1:] = self.next[places[:-1]] != places[1:]
        index = np.arange(len(places))
        first = np.maximum.accumulate(np.where(opens, index, 0))
        return places[(index - first) % 2 == 0]


def _enter(board: _Board, starts: Ints, places: dict[int, Ints], heap: list[tuple[int, int]]) -> None:
    """Group places by the pair that begins there; pairs that occur once can never be learned and are left out."""
    if not len(starts):
        return
    keys = board.token[starts].astype(np.int64) << 32 | board.token[board.next[starts]]
    order = np.argsort(keys, kind="stable")  # stable, so that the places of a pair stay in the order of the text
    keys, starts = keys[order], starts[order]
    bounds = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    totals = np.add.reduceat(board.weight[starts], bounds)
    ends = np.append(bounds[1:], len(starts))
    often = totals > 1
    groups = zip(*(part[often].tolist() for part in (keys[bounds], totals, bounds, ends)), strict=True)
    for key, total, begin, end in groups:
        places[key] = starts[begin:end]
        heapq.heappush(heap, (-total, key))
