"""Adaptive rank: the directions of all updates compete for one budget, so that rank moves to the layers that use it.

As AdaLoRA (Zhang et al. 2023, arXiv 2303.10512) with three differences, so that a run stays two plain calls of the
one training loop: the singular value form is computed where it is needed and not urged on by a penalty, the
directions are scored once and not at every step, and what falls out is gone and not masked.
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import DEFAULT, layers, parts_of
from llmlab.adapt.targets import scale_of
from llmlab.model.surgery import replace as swap
from llmlab.shards.batches import Batch
from llmlab.train.losses import Loss, next_token_loss


def move_ranks(
    model: nn.Module, config: LoraConfig, batches: list[Batch], loss: Loss = next_token_loss, name: str = DEFAULT
) -> LoraConfig:
    """Leave `config.mean_rank` directions a layer on average, those that matter most; the config of what is left.

    Args:
        model: with an adapter that has been trained for a while; changed in place, on its device.
        config: the adapter's.
        batches: what the importance is measured on.
        loss: what it is measured in.
        name: the adapter.
    """
    assert config.mean_rank is not None
    to_singular_form(model, name)
    scores = importance(model, batches, loss, name)
    kept = allocate(scores, max(1, round(config.mean_rank * len(scores))))
    keep_directions(model, kept, name)
    ranks = {layer: len(places) for layer, places in kept.items() if places}
    # The factor before B A stays what it was, so that a direction that stays does what it did.
    parts = parts_of(model, name)
    alphas = {
        layer: parts[layer].scale * rank / scale_of(rank, rank, config.rank_stabilized) for layer, rank in ranks.items()
    }
    return replace(config, targets=sorted(ranks), ranks=ranks, alphas=alphas, mean_rank=None)


@torch.no_grad()
def to_singular_form(model: nn.Module, name: str = DEFAULT) -> None:
    """Write every B A as U sqrt(S) sqrt(S) V^T: the same product from orthogonal directions, the longest first."""
    for part in parts_of(model, name).values():
        # QR of the thin sides leaves a matrix of r by r to decompose instead of one of out by in.
        left, left_rest = torch.linalg.qr(part.B)
        right, right_rest = torch.linalg.qr(part.A.T)
        u, values, vt = torch.linalg.svd(left_rest @ right_rest.T)
        part.B.copy_(left @ u * values.sqrt())
        part.A.copy_(values.sqrt()[:, None] * (vt @ right.T))


def importance(
    model: nn.Module, batches: list[Batch], loss: Loss = next_token_loss, name: str = DEFAULT
) -> dict[str, Tensor]:
    """How much each direction of each layer matters, (r,): the mean over batches of |b . dL/db|.

    To first order this is what the loss changes by when the direction is left out (Molchanov et al. 2019, arXiv
    1906.10771, equation 8); AdaLoRA's sensitivity is the same for single numbers.
    """
    parts = parts_of(model, name)
    device = next(model.parameters()).device
    scores = {layer: torch.zeros(part.rank, device=device) for layer, part in parts.items()}
    wanted = [part.B for part in parts.values()]
    model.eval()
    for batch in batches:
        mean = loss(model, batch.to(device)) / max(1, batch.counted)
        for (layer, part), grad in zip(parts.items(), torch.autograd.grad(mean, wanted), strict=True):
            scores[layer] += (part.B.detach() * grad).sum(dim=0).abs() / len(batches)
    return scores


def allocate(scores: Mapping[str, Tensor], budget: int) -> dict[str, list[int]]:
    """The `budget` directions of the highest scores, by layer, in order; of equal scores the earlier one stays."""
    ranked = sorted(
        (
            (-float(score), number, place)
            for number, of_layer in enumerate(scores.values())
            for place, score in enumerate(of_layer)
        ),
    )
    kept: dict[str, list[int]] = {layer: [] for layer in scores}
    names = list(scores)
    for _, number, place in ranked[:budget]:
        kept[names[number]].append(place)
    return {layer: sorted(places) for layer, places in kept.items()}


def keep_directions(model: nn.Module, kept: Mapping[str, list[int]], name: str = DEFAULT) -> None:
    """Drop all other directions; a layer left with none loses its update."""
    for layer, part in parts_of(model, name).items():
        places = kept[layer]
        if places:
            part.A = nn.Parameter(part.A.detach()[places].clone())
            part.B = nn.Parameter(part.B.detach()[:, places].clone())
        else:
            del layers(model)[layer].parts[name]
    # A layer without any update becomes the plain one it was.
    bare = {layer for layer, module in layers(model).items() if not module.parts}
    swap(model, lambda found, _: found in bare, lambda module: module.base)  # type: ignore[arg-type,return-value]
