"""Normalisation before each sublayer, and of queries and keys."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps) * weight, over the last axis (Zhang & Sennrich 2019)."""

    def __init__(self, size: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Same shape and dtype as x."""
        return F.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.eps)


def make_norm(kind: Literal["rms", "layer"], size: int) -> nn.Module:
    """The norm named by `model.norm`; LayerNorm without bias, as RMSNorm has none."""
    return RMSNorm(size) if kind == "rms" else nn.LayerNorm(size, bias=False)
