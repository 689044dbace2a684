"""The trainable part of an adapter on one layer, which it does not hold: a low-rank update, plain or as DoRA."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.adapt.nf4_linear import weight_of
from llmlab.adapt.targets import Slot


class LowRank(nn.Module):
    """scale B A x beside W x (Hu et al. 2021, arXiv 2106.09685, equation 3).

    With a magnitude m the weight becomes m (W + scale B A) / |W + scale B A|, row by row, |.| taken as a constant by
    gradients (DoRA, Liu et al. 2024, arXiv 2402.09353, equation 5 and section 4.3).

    Args:
        layer: the frozen layer that it belongs to.
        slot: rank and scale.
        dropout: share of inputs dropped in training.
        dora: whether there is a magnitude.
        generator: source of A.
    """

    def __init__(self, layer: nn.Module, slot: Slot, dropout: float, dora: bool, generator: torch.Generator) -> None:
        super().__init__()
        weight = weight_of(layer)
        out, into = weight.shape
        self.scale = slot.scale
        # A as Kaiming with a = sqrt 5, which is uniform in 1/sqrt(fan-in); B zero, so that the start is the base.
        bound = 1 / math.sqrt(into)
        first = (torch.rand(slot.rank, into, generator=generator) * 2 - 1) * bound
        self.A = nn.Parameter(first.to(weight.device))
        self.B = nn.Parameter(torch.zeros(out, slot.rank, device=weight.device))
        self.magnitude = nn.Parameter(_row_lengths(weight.detach()).clone()) if dora else None
        self.dropout = nn.Dropout(dropout)

    @property
    def rank(self) -> int:
        """r."""
        return self.A.shape[0]

    def forward(self, x: Tensor, y: Tensor, layer: nn.Module) -> Tensor:
        """What is added to `y`, the layer's own answer to `x`."""
        dropping = self.training and self.dropout.p > 0
        seen = self.dropout(x)
        low = F.linear(F.linear(seen, self.A), self.B) * self.scale
        if self.magnitude is None:
            return low
        # As the PEFT library does it, the row lengths act on the input that the update sees.
        own = layer(seen) if dropping else y
        bias = getattr(layer, "bias", None)
        own = own if bias is None else own - bias
        gain = self._gain(weight_of(layer))
        return (gain - 1) * own + gain * low

    def product(self) -> Tensor:
        """scale B A, (out, in)."""
        return self.scale * self.B @ self.A

    def change(self, weight: Tensor) -> Tensor:
        """What the update adds to the weight of its layer, (out, in)."""
        if self.magnitude is None:
            return self.product()
        gain = self._gain(weight)[:, None]
        return (gain - 1) * weight + gain * self.product()

    def _gain(self, weight: Tensor) -> Tensor:
        assert self.magnitude is not None
        with torch.no_grad():
            lengths = _row_lengths(weight + self.product())
        return self.magnitude / lengths


def _row_lengths(weight: Tensor) -> Tensor:
    return torch.linalg.vector_norm(weight, dim=1)
