"""LoRA: a frozen linear layer plus a trainable low-rank update."""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.artifacts.errors import LabError
from llmlab.model.surgery import find, is_inner_linear, replace


@dataclass(frozen=True, kw_only=True)
class LoraConfig:
    """The adapter's shape."""

    rank: Annotated[int, Field(gt=0)] = 8
    """r, the rank of the update."""
    alpha: Annotated[float, Field(gt=0)] = 16.0
    """The update is scaled by alpha / r."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout on the update's input."""


class LoraLinear(nn.Module):
    """W x + (alpha / r) B A x, W frozen (Hu et al. 2021, arXiv 2106.09685, equation 3)."""

    def __init__(self, base: nn.Linear, config: LoraConfig, generator: torch.Generator) -> None:
        super().__init__()
        if config.rank > min(base.in_features, base.out_features):
            raise LabError(
                f"rank {config.rank} exceeds the smaller side of a {base.out_features}x{base.in_features} layer",
                "lower `lora.adapter.rank` in params.yaml",
            )
        self.base = base
        self.scale = config.alpha / config.rank
        # A as Kaiming with a = sqrt 5, which is uniform in 1/sqrt(fan-in); B zero, so that the start is the base.
        bound = 1 / math.sqrt(base.in_features)
        first = (torch.rand(config.rank, base.in_features, generator=generator) * 2 - 1) * bound
        self.A = nn.Parameter(first.to(base.weight.device))
        self.B = nn.Parameter(torch.zeros(base.out_features, config.rank, device=base.weight.device))
        self.dropout = nn.Dropout(config.dropout)
        base.weight.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """As the layer it replaces."""
        return self.base(x) + F.linear(F.linear(self.dropout(x), self.A), self.B) * self.scale

    def update(self) -> Tensor:
        """(alpha / r) B A, the change of the weight, (out, in)."""
        return self.scale * self.B @ self.A


def add_lora(model: nn.Module, config: LoraConfig, generator: torch.Generator) -> list[str]:
    """Freeze a model and put LoRA on all linear layers of its blocks; returns their names."""
    model.requires_grad_(False)

    def wrap(module: nn.Module) -> nn.Module:
        assert isinstance(module, nn.Linear)
        return LoraLinear(module, config, generator)

    return replace(model, is_inner_linear, wrap)


def merge_lora(model: nn.Module) -> None:
    """Fold every update into its weight and leave plain linear layers, as before `add_lora`."""

    def fold(module: nn.Module) -> nn.Module:
        assert isinstance(module, LoraLinear)
        with torch.no_grad():
            module.base.weight += module.update()
        return module.base

    replace(model, _is_lora, fold)
    model.requires_grad_(True)


def unmerge_lora(model: nn.Module, adapter: dict[str, Tensor], scale: float) -> None:
    """Take updates out of merged weights again; `adapter` as from `lora_tensors`."""
    with torch.no_grad():
        for name in sorted({key.rpartition(".")[0] for key in adapter}):
            update = scale * adapter[f"{name}.B"] @ adapter[f"{name}.A"]
            model.get_submodule(name).get_parameter("weight").sub_(update)


def remove_lora(model: nn.Module) -> None:
    """Drop the updates and leave the base as it was."""

    def strip(module: nn.Module) -> nn.Module:
        assert isinstance(module, LoraLinear)
        return module.base

    replace(model, _is_lora, strip)
    model.requires_grad_(True)


def lora_tensors(model: nn.Module) -> dict[str, Tensor]:
    """A and B of every adapted layer, as `<layer>.A` and `<layer>.B`."""
    tensors: dict[str, Tensor] = {}
    for name, module in find(model, _is_lora):
        assert isinstance(module, LoraLinear)
        tensors |= {f"{name}.A": module.A.detach().clone(), f"{name}.B": module.B.detach().clone()}
    return tensors


def _is_lora(name: str, module: nn.Module) -> bool:
    return isinstance(module, LoraLinear)
