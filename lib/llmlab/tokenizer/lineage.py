"""Where a token comes from: the merges that led to it."""

from collections.abc import Mapping
from typing import NamedTuple

from llmlab.tokenizer.bpe import merge_by_rank


class Merge(NamedTuple):
    """One merge: `left` and `right` became the token of this rank."""

    rank: int
    left: bytes
    right: bytes


def lineage(token: bytes, ranks: Mapping[bytes, int]) -> list[Merge]:
    """The merges behind a token, in the order learned; none for a byte, or for a token that no merges lead to."""
    found: dict[int, Merge] = {}
    waiting = [token]
    while waiting:
        whole = waiting.pop()
        parts = merge_by_rank(whole, ranks, ranks[whole])
        if len(parts) == 2:
            found[ranks[whole]] = Merge(ranks[whole], *parts)
            waiting += parts
    return [found[rank] for rank in sorted(found)]
