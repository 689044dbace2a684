"""Which of many tokens are kept: those that save most when all texts are spelt in the fewest.

More tokens are learned than are wanted. All runs are spelt in the fewest of them, and what has the least use goes; what
is left is used otherwise then, so this is done a share at a time. The loss of a token costs, for each of its uses, as
many tokens more as it takes to spell it without itself: never too little, since its neighbours may help.

What counts is what a token saves in all blocks of the texts but the one that speaks for it most. If blocks are about
projects, a name that one project made up saves nothing elsewhere, and elsewhere is where a tokenizer is used.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from llmlab.tokenizer.fewest import Speller

Floats = NDArray[np.float64]
# The share of the tokens that goes before all is spelt anew.
_SHARE = 0.25
# With fewer blocks than this, none is left out.
FEW = 4
# What decides between two that save the same.
_TRIFLE = 1e-6


def keep_useful(
    tokens: Sequence[bytes], blocks: Sequence[Mapping[bytes, int]], apart: Mapping[bytes, int], wanted: int
) -> list[bytes]:
    """`wanted` of the tokens, all single bytes among them, in the order of their use.

    Args:
        tokens: what there is to choose from, every byte included.
        blocks: runs and how often each occurs, of each block of the texts.
        apart: the uses, beside those in runs, of tokens that stand alone and are spelt in bytes where they are none.
        wanted: how many are kept, 256 or more.
    """
    kept = list(tokens)
    while True:
        speller = Speller(kept)
        uses_BV = np.stack([uses(speller, len(kept), block) for block in blocks])
        alone_V = np.array([apart.get(token, 0) for token in kept], np.float64)
        if len(kept) <= wanted:
            used = uses_BV.sum(0) + alone_V
            return [kept[rank] for rank in sorted(range(len(kept)), key=lambda rank: (-used[rank], kept[rank]))]
        loss_V = losses(speller, kept, uses_BV, alone_V)
        going = min(len(kept) - wanted, max(1, round(_SHARE * len(kept))))
        gone = set(np.argsort(loss_V, kind="stable")[:going].tolist())
        kept = [token for rank, token in enumerate(kept) if rank not in gone]


def uses(speller: Speller, size: int, runs: Mapping[bytes, int]) -> Floats:
    """How often each of `size` tokens occurs when runs are spelt that occur so often."""
    spelt = speller.spell_all(list(runs))
    lengths = np.fromiter(map(len, spelt), np.int64, len(spelt))
    ranks = np.fromiter(chain.from_iterable(spelt), np.int64, int(lengths.sum()))
    weights = np.repeat(np.fromiter(runs.values(), np.float64, len(runs)), lengths)
    return np.bincount(ranks, weights, size).astype(np.float64)


def losses(speller: Speller, tokens: Sequence[bytes], uses_BV: Floats, alone_V: Floats) -> Floats:
    """How many tokens more the loss of each token costs; a byte can never be lost."""
    total_V = uses_BV.sum(0)
    shared_V = total_V - uses_BV.max(0) if len(uses_BV) >= FEW else total_V
    several = [rank for rank, token in enumerate(tokens) if len(token) > 1]
    without = speller.spell_without([tokens[rank] for rank in several])
    more = np.array([len(parts) - 1 for parts in without], np.float64)
    letters = np.array([len(tokens[rank]) - 1 for rank in several], np.float64)
    loss_V = np.full(len(tokens), np.inf)
    loss_V[several] = (shared_V + _TRIFLE * total_V)[several] * more + alone_V[several] * letters
    return loss_V


def shared(blocks: Sequence[Mapping[bytes, int]], least: int) -> Counter[bytes]:
    """How often each piece occurs in all blocks but the one that has it most often, which counts `least` at most."""
    total: Counter[bytes] = Counter()
    loudest: dict[bytes, int] = {}
    for block in blocks:
        for piece, number in block.items():
            total[piece] += number
            loudest[piece] = max(loudest.get(piece, 0), number)
    if len(blocks) < FEW:
        return total
    return Counter({piece: number - max(0, loudest[piece] - least) for piece, number in total.items()})
