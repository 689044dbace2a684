"""Bytes of tensors, and of what a forward pass keeps for the backward pass: counted, not sampled."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def bytes_of(tensors: Iterable[Tensor]) -> int:
    """Bytes of tensors, each storage once."""
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}
    return sum(storages.values())


def kept_for_backward(model: nn.Module, forward: Callable[[], Tensor]) -> int:
    """Bytes that one forward pass keeps for the backward pass, parameters and buffers of `model` not counted.

    Args:
        model: whose tensors are there anyway.
        forward: computes a loss.
    """
    own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    kept: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage().data_ptr() not in own:
            kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = forward()
        # Counted while the graph holds them: a freed storage's place may be taken by the next.
        total = bytes_of(kept)
    del loss
    return total
