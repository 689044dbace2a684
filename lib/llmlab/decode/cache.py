"""The key-value cache in memory taken beforehand: as much a value as the growing one, without its copies.

A growing cache copies everything it holds for each new position: S steps move S^2/2 positions. Here positions are
written behind one another into a room for C of them, and a cache is a view of the first of them. What a cache shows is
never written again: one that was extended before (a fork) is copied into a room of its own when it is extended again.
"""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from llmlab.model.cache import KVCache, LayerCache

CacheKind = Literal["growing", "static"]


class Room:
    """Memory for the keys and values of C positions, and how many were written; caches share it."""

    def __init__(self, layer: LayerCache, capacity: int) -> None:
        """A room that begins with what `layer` holds, (B, K, S, E) each, with S <= C."""
        self.k_BKCE, self.v_BKCE = (_widened(part, capacity) for part in (layer.k_BKSE, layer.v_BKSE))
        self.filled = layer.k_BKSE.shape[2]

    def view(self, length: int) -> "StaticLayer":
        """The cache of the first S = `length` positions."""
        return StaticLayer(self.k_BKCE[:, :, :length], self.v_BKCE[:, :, :length], self)


@dataclass(frozen=True)
class StaticLayer(LayerCache):
    """Keys and values of one layer, (B, K, S, E) each: the first S positions of a room."""

    room: Room

    def extended(self, k_BKTE: Tensor, v_BKTE: Tensor) -> "StaticLayer":
        """This cache followed by T more positions, in the same room if they follow what was written last and fit."""
        held, added = self.k_BKSE.shape[2], k_BKTE.shape[2]
        room, capacity = self.room, self.room.k_BKCE.shape[2]
        if room.filled != held or held + added > capacity:
            room = Room(self, max(capacity, held + added))
        room.k_BKCE[:, :, held : held + added] = k_BKTE
        room.v_BKCE[:, :, held : held + added] = v_BKTE
        room.filled = held + added
        return room.view(room.filled)


def with_room(cache: KVCache, capacity: int) -> KVCache:
    """The same cache as a static one with room for `capacity` positions, or for what it holds if that is more."""
    layers = tuple(Room(layer, max(capacity, cache.length)).view(cache.length) for layer in cache.layers)
    return KVCache(layers, cache.ids_BS, cache.documents_BS)


def shortened(cache: KVCache, length: int) -> KVCache:
    """The first `length` positions of a cache that is not used any more: the room behind them is free again."""
    layers = tuple(_first(layer, length) for layer in cache.layers)
    return KVCache(layers, cache.ids_BS[:, :length], cache.documents_BS[:, :length])


def _first(layer: LayerCache, length: int) -> LayerCache:
    if not isinstance(layer, StaticLayer):
        return LayerCache(layer.k_BKSE[:, :, :length], layer.v_BKSE[:, :, :length])
    if layer.room.filled == layer.k_BKSE.shape[2]:
        layer.room.filled = length
    return layer.room.view(length)


def _widened(part_BKSE: Tensor, capacity: int) -> Tensor:
    batch, heads, held, size = part_BKSE.shape
    wide_BKCE = part_BKSE.new_zeros(batch, heads, capacity, size)
    wide_BKCE[:, :, :held] = part_BKSE
    return wide_BKCE
