"""The baseline that a neural model has to beat: an interpolated modified Kneser-Ney n-gram over the same tokens.

Chen & Goodman 1999, "An empirical study of smoothing techniques for language modeling", section 4.2 and equations
26-29: the highest order counts occurrences, lower orders count distinct left neighbours, and three discounts per order
come from the counts of counts of the training text. Nothing is tuned on held-out text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from llmlab.artifacts.errors import LabError


@dataclass(frozen=True)
class _Order:
    """Grams of one length: `codes` is sorted history * V + token; the other arrays are per gram or per history."""

    codes: np.ndarray
    counts: np.ndarray
    totals: np.ndarray
    reserved: np.ndarray
    discounts: np.ndarray


class KneserNey:
    """P(token | up to order - 1 tokens before), over ids 0..V-1; sums to 1 for every history.

    Args:
        documents: id sequences; each is padded with `order - 1` copies of `pad`, so no gram crosses a border.
        vocab_size: V.
        order: longest gram.
        pad: the id to pad with, usually the begin-of-text id.

    Raises:
        LabError: not one id to count.
    """

    def __init__(self, documents: Iterable[Sequence[int] | np.ndarray], vocab_size: int, order: int = 5, pad: int = 1):
        self.order, self.vocab_size, self.pad = order, vocab_size, pad
        ids, events = _padded(documents, order - 1, pad)
        if not len(events):
            raise LabError("there is no text to count n-grams in", "look at metrics/shard.json and `shard.kinds`")
        self._histories: list[np.ndarray] = []
        history = np.zeros(len(events), dtype=np.int64)
        grams: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for length in range(1, order + 1):
            grams.append(_unique(history * vocab_size + ids[events]))
            if length < order:
                codes, _, inverse = _unique(history * vocab_size + ids[events - length])
                self._histories.append(codes)
                history = inverse
        self._orders = [self._order(grams, length) for length in range(order)]

    def log_probabilities(self, document: Sequence[int] | np.ndarray) -> np.ndarray:
        """Natural log of P(id | ids before it in this document) for each id, (N,)."""
        ids, events = _padded([document], self.order - 1, self.pad)
        probability = np.full(len(events), 1 / self.vocab_size)
        history = np.zeros(len(events), dtype=np.int64)
        for length, order in enumerate(self._orders):
            if length:
                history = _lookup(self._histories[length - 1], history, ids[events - length], self.vocab_size)
            known = history >= 0
            seen = history[known]
            gram = _lookup(order.codes, seen, ids[events][known], self.vocab_size)
            count = np.where(gram >= 0, order.counts[gram], 0)
            kept = count - order.discounts[np.minimum(count, 3)]
            probability[known] = (kept + order.reserved[seen] * probability[known]) / order.totals[seen]
        return np.log(probability)

    def distribution(self, history: Sequence[int]) -> np.ndarray:
        """P of every id after `history`, (V,), for sampling."""
        padded = [self.pad] * (self.order - 1) + list(history)
        probability = np.full(self.vocab_size, 1 / self.vocab_size)
        state = np.zeros(1, dtype=np.int64)
        for length, order in enumerate(self._orders):
            if length:
                token = np.array([padded[-length]])
                state = _lookup(self._histories[length - 1], state, token, self.vocab_size)
                if state[0] < 0:
                    break
            first, last = np.searchsorted(order.codes, [state[0] * self.vocab_size, (state[0] + 1) * self.vocab_size])
            count = order.counts[first:last]
            probability *= order.reserved[state[0]]
            probability[order.codes[first:last] % self.vocab_size] += count - order.discounts[np.minimum(count, 3)]
            probability /= order.totals[state[0]]
        return probability

    def _order(self, grams: list[tuple[np.ndarray, np.ndarray, np.ndarray]], index: int) -> _Order:
        codes, _, inverse = grams[index]
        if index == self.order - 1:
            counts = np.bincount(inverse, minlength=len(codes))
        else:
            # One count per distinct longer gram that ends in this one: the continuation count.
            longer_first = grams[index + 1][1]
            counts = np.bincount(inverse[longer_first], minlength=len(codes))
        discounts = _discounts(counts)
        history = codes // self.vocab_size
        totals = np.bincount(history, weights=counts)
        reserved = np.bincount(history, weights=discounts[np.minimum(counts, 3)])
        return _Order(codes, counts, totals, reserved, discounts)


def _discounts(counts: np.ndarray) -> np.ndarray:
    """Discounts for counts 0, 1, 2, 3 and more (Chen & Goodman 1999, equation 26).

    Plain constants, which still sum to 1, where there is too little text for the estimate: a count of counts is zero,
    or a discount is not above zero and would leave nothing for what was never seen.
    """
    n1, n2, n3, n4 = (int((counts == value).sum()) for value in (1, 2, 3, 4))
    if 0 not in (n1, n2, n3):
        ratio = n1 / (n1 + 2 * n2)
        estimates = [1 - 2 * ratio * n2 / n1, 2 - 3 * ratio * n3 / n2, 3 - 4 * ratio * n4 / n3]
        if min(estimates) > 0:
            return np.array([0.0, *estimates])
    return np.array([0.0, 0.5, 0.75, 0.9])


def _padded(documents: Iterable[Sequence[int] | np.ndarray], width: int, pad: int) -> tuple[np.ndarray, np.ndarray]:
    """All documents end to end, each after `width` pads, and the places of their own ids."""
    parts: list[np.ndarray] = []
    places: list[np.ndarray] = []
    position = 0
    for document in documents:
        values = np.asarray(document, dtype=np.int64)
        parts += [np.full(width, pad, dtype=np.int64), values]
        places.append(np.arange(position + width, position + width + len(values)))
        position += width + len(values)
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate(parts), np.concatenate(places)


def _unique(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sorted distinct codes, the first place of each, and the index of every place."""
    distinct, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    return distinct, first, inverse


def _lookup(codes: np.ndarray, history: np.ndarray, token: np.ndarray, vocab_size: int) -> np.ndarray:
    """Index of each (history, token) in sorted codes, -1 where absent or where the history was."""
    wanted = history * vocab_size + token
    place = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    return np.where((history >= 0) & (codes[place] == wanted), place, -1)
