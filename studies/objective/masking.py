"""A decoder made an encoder from outside, and the batches that it learns from."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from llmlab.model.attention import Attention
from llmlab.model.cache import LayerCache
from llmlab.model.surgery import replace as swap
from llmlab.model.transformer import Transformer
from llmlab.shards.batches import IGNORE, Batch, BatchSource

# Of what is to be guessed: so much is hidden, so much replaced by a random id, and the rest left as it is
# (Devlin et al. 2019, arXiv 1810.04805, section 3.1).
_HIDDEN, _REPLACED = 0.8, 0.1


class BothWays(nn.Module):
    """An attention that sees what comes after, too."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(
        self, x_BTD: Tensor, rotary: tuple[Tensor, Tensor] | None, mask: Tensor | None, past: LayerCache | None
    ) -> tuple[Tensor, LayerCache]:
        """See `Attention.forward`; the rows are one document each, and nothing comes before them."""
        assert mask is None and past is None, "an encoder reads whole rows"
        T = x_BTD.shape[1]
        everything = torch.ones(T, T, dtype=torch.bool, device=x_BTD.device)
        attended, cache = self.inner(x_BTD, rotary, everything, None)
        return attended, cache


def make_encoder(model: Transformer) -> None:
    """Let every layer look both ways; the weights stay those of the decoder."""
    swap(model, lambda _, module: isinstance(module, Attention), BothWays)


class MaskedSource:
    """A batch source: the rows of another one, with ids hidden that are then the only targets.

    Which ids of row n is a function of seed and n alone. The id `mask` stands for what is hidden.
    """

    def __init__(self, source: BatchSource, share: float, mask: int, seed: int) -> None:
        self._source, self._share, self._mask, self._seed = source, share, mask, seed
        self.rows_per_epoch = source.rows_per_epoch

    def batch(self, position: int, rows: int) -> Batch:
        """See `BatchSource.batch`."""
        return hide(self._source.batch(position, rows), self._share, self._mask, self._seed, position)


def hide(batch: Batch, share: float, mask: int, seed: int, first: int = 0) -> Batch:
    """Hide that share of the ids of each row, at least one; `first` is the number of the first row."""
    ids_BT, targets_BT = batch.ids_BT.clone(), torch.full_like(batch.ids_BT, IGNORE)
    size = ids_BT.shape[1]
    for row in range(len(ids_BT)):
        draw = np.random.Generator(np.random.PCG64([seed, first + row]))
        places = torch.from_numpy(draw.permutation(size)[: max(1, round(share * size))])
        targets_BT[row, places] = batch.ids_BT[row, places]
        hidden, replaced, _ = places.tensor_split(
            [round(_HIDDEN * len(places)), round((_HIDDEN + _REPLACED) * len(places))]
        )
        ids_BT[row, hidden] = mask
        ids_BT[row, replaced] = torch.from_numpy(draw.integers(0, mask, len(replaced)))
    return replace(batch, ids_BT=ids_BT, targets_BT=targets_BT)
