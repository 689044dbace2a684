"""Several adapters on one model: which of them are on, for all rows or row by row, folded into the weights or beside.

Switching touches a few numbers per layer and no weight, so it takes microseconds; folding saves the updates' own
products at the price of one matrix product per layer.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from llmlab.adapt.lora import layers, parts_of
from llmlab.adapt.nf4_linear import Nf4Linear
from llmlab.artifacts.errors import LabError


def adapters_of(model: nn.Module) -> list[str]:
    """Names of the adapters that a model carries."""
    return sorted({name for layer in layers(model).values() for name in layer.parts})


def use(model: nn.Module, strengths: Mapping[str, float]) -> None:
    """Switch these adapters on, each times its strength, and all others off; with none the model is its base.

    Raises:
        LabError: the model has no such adapter, or some are folded into the weights.
    """
    _check(model, strengths)
    for layer in layers(model).values():
        layer.active, layer.rows = dict(strengths), None


def use_by_row(model: nn.Module, names: Sequence[str | None]) -> None:
    """For batches of as many rows as there are names: each row is answered by its own adapter, None by the base.

    Raises:
        LabError: as `use`.
    """
    _check(model, [name for name in names if name is not None])
    rows = {
        name: torch.tensor([row for row, each in enumerate(names) if each == name])
        for name in dict.fromkeys(names)
        if name is not None
    }
    for layer in layers(model).values():
        layer.rows = rows


def train_only(model: nn.Module, name: str) -> None:
    """Freeze everything but one adapter.

    Raises:
        LabError: the model has no such adapter.
    """
    chosen = parts_of(model, name)
    model.requires_grad_(False)
    for part in chosen.values():
        part.requires_grad_(True)


def drop(model: nn.Module, name: str) -> None:
    """Take one adapter off.

    Raises:
        LabError: the model has no such adapter, or some are folded into the weights.
    """
    _check(model, [name])
    for layer in layers(model).values():
        if name in layer.parts:
            del layer.parts[name]
        layer.active = {other: strength for other, strength in layer.active.items() if other != name}
        layer.rows = None


@torch.no_grad()
def fold(model: nn.Module) -> None:
    """Put the updates that are on into the weights, until `unfold`; the weights of before are kept beside.

    Raises:
        LabError: the base is packed, or some are folded already.
    """
    _check(model, [])
    found = layers(model).values()
    if any(isinstance(layer.base, Nf4Linear) for layer in found):
        raise LabError("updates do not fit into packed weights", "use `merge_lora`, which unpacks them")
    for layer in found:
        weight = layer.base.get_parameter("weight")
        layer.folded = weight.clone()
        weight.add_(layer.change())


@torch.no_grad()
def unfold(model: nn.Module) -> None:
    """Put the weights of before `fold` back, bit for bit."""
    for layer in layers(model).values():
        if layer.folded is not None:
            layer.base.get_parameter("weight").copy_(layer.folded)
            layer.folded = None


def _check(model: nn.Module, names: Mapping[str, float] | Sequence[str]) -> None:
    for name in names:
        parts_of(model, name)
    if any(layer.folded is not None for layer in layers(model).values()):
        raise LabError("some adapters are folded into the weights", "call `unfold` first")
