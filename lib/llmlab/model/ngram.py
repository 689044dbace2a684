"""Hashed bigram and trigram embeddings added to the input: cheap local context that attention need not learn.

After the hashed n-gram features of fastText (Joulin et al. 2016, arXiv 1607.01759). The rows are trained by gradient
like any embedding; nothing is counted and nothing is mixed in at prediction.
"""

import torch
from torch import Tensor, nn

# Odd multipliers spread (previous, current) pairs over the table; collisions are shared rows, not errors.
_MULTIPLIERS = (36_313, 27_191, 51_749)


class NgramEmbedding(nn.Module):
    """Row hash(t-1, t) of one table plus row hash(t-2, t-1, t) of another, (N, D) each."""

    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.rows = rows
        self.bigram = nn.Embedding(rows, width)
        self.trigram = nn.Embedding(rows, width)

    def forward(self, ids_BS: Tensor, documents_BS: Tensor | None, last: int) -> Tensor:
        """The n-gram part of the input for the last T = `last` positions, (B, T, D).

        Ids of another document, or from before the row, count as the same constant: nothing leaks across documents.
        """
        previous_BS = _shifted(ids_BS, documents_BS, 1)
        before_BS = _shifted(ids_BS, documents_BS, 2)
        a, b, c = _MULTIPLIERS
        pair_BS = ids_BS * a + previous_BS * b
        triple_BS = pair_BS ^ (before_BS * c)
        bigram_BTD = self.bigram(pair_BS[:, -last:] % self.rows)
        return bigram_BTD + self.trigram(triple_BS[:, -last:] % self.rows)


def _shifted(ids_BS: Tensor, documents_BS: Tensor | None, by: int) -> Tensor:
    """The id `by` positions earlier plus one, or 0 where there is none in the same document."""
    shifted = torch.zeros_like(ids_BS)
    shifted[:, by:] = ids_BS[:, :-by] + 1
    if documents_BS is not None:
        shifted[:, by:] *= documents_BS[:, by:] == documents_BS[:, :-by]
    return shifted
