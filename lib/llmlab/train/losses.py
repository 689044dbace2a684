"""Losses that the loop can be given: each returns a sum in nats over the counted targets."""

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.shards.batches import IGNORE, Batch


class Loss(Protocol):
    """A sum over counted targets, so that passes of any size add up to the same gradient."""

    def __call__(self, model: nn.Module, batch: Batch) -> Tensor:
        """The summed loss of a batch, a scalar with gradient."""
        ...


def next_token_loss(model: nn.Module, batch: Batch) -> Tensor:
    """Sum over counted positions of -log p(next id | ids before), in nats."""
    logits_BTV = model(batch.ids_BT, batch.documents_BT)
    return F.cross_entropy(
        logits_BTV.flatten(0, 1).float(), batch.targets_BT.flatten(), ignore_index=IGNORE, reduction="sum"
    )


@torch.no_grad()
def token_losses(model: nn.Module, batch: Batch) -> Tensor:
    """-log p of each target in nats, (B, T), zero where not counted; for evaluation."""
    logits_BTV = model(batch.ids_BT, batch.documents_BT)
    flat = F.cross_entropy(
        logits_BTV.flatten(0, 1).float(), batch.targets_BT.flatten(), ignore_index=IGNORE, reduction="none"
    )
    return flat.view(batch.targets_BT.shape)
