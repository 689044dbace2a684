"""The key-value cache as a value: extending it gives a new one, so a caller can fork or keep an old one."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class LayerCache:
    """Keys and values of one layer, (B, K, S, E) each, keys already rotated."""

    k_BKSE: Tensor
    v_BKSE: Tensor

    def extended(self, k_BKTE: Tensor, v_BKTE: Tensor) -> "LayerCache":
        """This cache followed by T more positions."""
        return LayerCache(torch.cat((self.k_BKSE, k_BKTE), dim=2), torch.cat((self.v_BKSE, v_BKTE), dim=2))


@dataclass(frozen=True)
class KVCache:
    """What a model remembers of the ids it has read: one `LayerCache` a layer, the ids and their document numbers."""

    layers: tuple[LayerCache, ...]
    ids_BS: Tensor
    documents_BS: Tensor

    @property
    def length(self) -> int:
        """S, how many positions are held."""
        return self.ids_BS.shape[1]

    def rows(self, keep_B: Tensor) -> "KVCache":
        """The cache of the chosen batch rows only, in that order."""
        layers = tuple(LayerCache(layer.k_BKSE[keep_B], layer.v_BKSE[keep_B]) for layer in self.layers)
        return KVCache(layers, self.ids_BS[keep_B], self.documents_BS[keep_B])
