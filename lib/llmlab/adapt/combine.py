"""Adapters of one model to one adapter of that model."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from llmlab.adapt.bank import use
from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import add_lora, layers, parts_of
from llmlab.adapt.merging import MergeConfig, merge
from llmlab.adapt.nf4_linear import packing, weight_of
from llmlab.artifacts.errors import LabError


@torch.no_grad()
def combined(
    model: nn.Module, strengths: Mapping[str, float], config: MergeConfig, generator: torch.Generator
) -> dict[str, Tensor]:
    """The merged change of each layer's weight, (out, in), by layer.

    Layers are merged as whole products: the A and B of one adapter span another space than those of the next, and sums
    of them hold cross terms that belong to no adapter. A layer that an adapter leaves alone counts as a change of zero.

    Raises:
        LabError: the model lacks one of the adapters, or none is named.
    """
    if not strengths:
        raise LabError("no adapter is named", "name at least one")
    parts = {name: parts_of(model, name) for name in strengths}
    found = {}
    for layer, module in layers(model).items():
        weight = weight_of(module.base)
        changes = [
            parts[name][layer].change(weight) if layer in parts[name] else torch.zeros_like(weight)
            for name in strengths
        ]
        if any(layer in of_one for of_one in parts.values()):
            found[layer] = merge(changes, list(strengths.values()), config, generator)
    return found


@torch.no_grad()
def put_combined(model: nn.Module, changes: Mapping[str, Tensor], name: str, rank: int) -> tuple[LoraConfig, float]:
    """Put the nearest adapter of a rank on the model, as the only one that is on.

    A layer's rank is at most its smaller side, at which nothing is lost.

    Returns:
        The adapter's config, and the share of the changes' squared length that it holds.
    """
    sides = {layer: min(change.shape) for layer, change in changes.items()}
    ranks = {layer: side for layer, side in sides.items() if side < rank}
    alphas = {layer: float(side) for layer, side in ranks.items()}
    config = LoraConfig(
        rank=rank, alpha=float(rank), targets=sorted(changes), ranks=ranks, alphas=alphas, quantize=packing(model)
    )
    add_lora(model, config, torch.Generator().manual_seed(0), name)
    kept, total = 0.0, 0.0
    for layer, part in parts_of(model, name).items():
        first, last, values = nearest(changes[layer], part.rank)
        part.B.copy_(first)
        part.A.copy_(last)
        kept += float(values.square().sum())
        total += float(changes[layer].square().sum())
    use(model, {name: 1.0})
    return config, kept / total if total else 1.0


def nearest(change: Tensor, rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """B, A and singular values of the nearest matrix of a rank (Eckart and Young), the values shared out evenly."""
    u, values, vt = torch.linalg.svd(change, full_matrices=False)
    root = values[:rank].sqrt()
    return u[:, :rank] * root, root[:, None] * vt[:rank], values[:rank]
