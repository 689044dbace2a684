"""The same rows in other orders: how hard a row is, when it may come, and how long it is at first."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from llmlab.shards.batches import Batch
from llmlab.shards.format import Shard

_BYTES = 512  # more than there are ids


def row_starts(shard: Shard, context: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """Where `count` rows begin, drawn from the corpus cut into rows end to end, in random order."""
    rows = (len(shard.ids) - 1) // context
    return generator.permutation(rows)[:count] * context


def surprise(shard: Shard, starts: np.ndarray, context: int) -> np.ndarray:
    """Mean bits per byte of each row under counts of pairs of bytes in the whole corpus, the row's own pairs left out.

    Rarity as a measure of difficulty is that of Platanios et al. 2019 (arXiv 1903.09848, section 3.1), of pairs in the
    place of words, and a mean in the place of a sum, so that it is not length again.
    """
    ids = np.asarray(shard.ids, dtype=np.int64)
    pairs = ids[:-1] * _BYTES + ids[1:]
    counts = np.bincount(pairs, minlength=_BYTES * _BYTES).astype(np.float64)
    firsts = counts.reshape(_BYTES, _BYTES).sum(axis=1)
    kinds = len(np.unique(ids))
    found = []
    for start in starts:
        own, times = np.unique(pairs[start : start + context], return_counts=True)
        before = np.bincount(own // _BYTES, weights=times, minlength=_BYTES)[own // _BYTES]
        shares = (counts[own] - times + 1) / (firsts[own // _BYTES] - before + kinds)
        found.append(float((-np.log2(shares) * times).sum() / times.sum()))
    return np.array(found)


def document_lengths(shard: Shard, starts: np.ndarray, context: int) -> np.ndarray:
    """How long the documents of each row are, as ranks within their language from 0 to 1, each byte counting the same.

    Without ranks the order would be one of languages: chats are short, and a Chinese character is three bytes.
    """
    lengths = np.diff(np.append(shard.starts, len(shard.ids)))
    ranks = np.zeros(len(lengths))
    languages = np.array(shard.languages)
    for language in sorted(set(shard.languages)):
        here = np.flatnonzero(languages == language)
        ranks[here] = np.argsort(np.argsort(lengths[here], kind="stable")) / max(1, len(here) - 1)
    where = starts[:, None] + np.arange(context)
    means: np.ndarray = ranks[np.searchsorted(shard.starts, where, side="right") - 1].mean(axis=1)
    return means


def competence(done: float, start: float, full_at: float) -> float:
    """The share of rows that may come after `done` of the run: the square root of Platanios et al. 2019, equation 4."""
    return min(1.0, float(np.sqrt(done / full_at * (1 - start**2) + start**2)))


def paced(difficulty: np.ndarray, start: float, full_at: float, generator: np.random.Generator) -> np.ndarray:
    """Every row once: each drawn at random from those, of the easiest ones allowed by then, that have not come yet."""
    ranked = np.argsort(difficulty, kind="stable")
    count, waiting, order = len(ranked), list[int](), []
    allowed = 0
    for place in range(count):
        limit = max(place + 1, int(np.ceil(count * competence(place / count, start, full_at))))
        waiting += ranked[allowed:limit].tolist()
        allowed = max(allowed, limit)
        chosen = int(generator.integers(len(waiting)))
        waiting[chosen], waiting[-1] = waiting[-1], waiting[chosen]
        order.append(waiting.pop())
    return np.array(order)


class OrderedSource:
    """A batch source: rows that begin at `starts`, in that order, again and again."""

    def __init__(self, shard: Shard, starts: np.ndarray, context: int) -> None:
        self._shard, self._starts, self._context = shard, starts, context
        self.rows_per_epoch = len(starts)

    def batch(self, position: int, rows: int) -> Batch:
        """See `BatchSource.batch`."""
        starts = self._starts[np.arange(position, position + rows) % self.rows_per_epoch]
        ids = torch.from_numpy(self._shard.ids[starts[:, None] + np.arange(self._context + 1)].astype(np.int64))
        return Batch(ids[:, :-1], ids[:, 1:].clone(), None, f"rows {position}-{position + rows - 1}")


class GrowingRows:
    """A batch source: the rows of another one, cut into shorter ones at first, so that every byte is read all the same.

    The same bytes are targets in the same steps; what grows is how far back a position sees (Li et al. 2022,
    arXiv 2108.06084, who instead drop what is cut off).
    """

    def __init__(self, source: OrderedSource, lengths: Sequence[int], rows_in_all: int) -> None:
        self._source, self._lengths, self._rows_in_all = source, list(lengths), rows_in_all
        self.rows_per_epoch = source.rows_per_epoch

    def batch(self, position: int, rows: int) -> Batch:
        """See `BatchSource.batch`; as many ids as that of the source below, in more rows."""
        whole = self._source.batch(position, rows)
        phase = min(len(self._lengths) - 1, position * len(self._lengths) // self._rows_in_all)
        size = self._lengths[phase]
        return replace(whole, ids_BT=whole.ids_BT.reshape(-1, size), targets_BT=whole.targets_BT.reshape(-1, size))
