"""Losses that the loop can be given: each returns a sum in nats over the counted targets."""

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.model.transformer import Transformer
from llmlab.shards.batches import IGNORE, Batch
from llmlab.train.head import head_loss


class Loss(Protocol):
    """A sum over counted targets, so that passes of any size add up to the same gradient."""

    def __call__(self, model: nn.Module, batch: Batch) -> Tensor:
        """The summed loss of a batch, a scalar with gradient."""
        ...


def next_token_loss(model: nn.Module, batch: Batch) -> Tensor:
    """Sum over counted positions of -log p(next id | ids before), in nats."""
    if isinstance(model, Transformer) and not torch.compiler.is_compiling():
        hidden_ND = model.hidden(batch.ids_BT, batch.documents_BT).flatten(0, 1)
        targets_N = batch.targets_BT.flatten()
        if batch.counted < len(targets_N):
            counts_N = targets_N != IGNORE
            hidden_ND, targets_N = hidden_ND[counts_N], targets_N[counts_N]
        return head_loss(hidden_ND, model.head.weight, targets_N)
    # The compiler joins head, softmax and loss by itself.
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
