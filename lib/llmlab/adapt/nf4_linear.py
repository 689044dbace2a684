"""A frozen linear layer whose weight lies in memory as NF4 blocks: what QLoRA puts its updates on."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.adapt.config import Quantize
from llmlab.adapt.nf4 import Blocks, Scales, dequantize, quantize
from llmlab.model.surgery import is_inner_linear, replace


class Nf4Linear(nn.Module):
    """W x with W unpacked for the length of one product; no gradient reaches W."""

    codes: Tensor
    scales: Tensor
    largest: Tensor
    mean: Tensor

    def __init__(self, linear: nn.Linear, double: bool) -> None:
        super().__init__()
        self.in_features, self.out_features, self.doubled = linear.in_features, linear.out_features, double
        self.bias = linear.bias
        blocks = quantize(linear.weight, double)
        self.register_buffer("codes", blocks.codes)
        if isinstance(blocks.scales, Scales):
            self.register_buffer("scales", blocks.scales.codes)
            self.register_buffer("largest", blocks.scales.largest)
            self.register_buffer("mean", blocks.scales.mean)
        else:
            self.register_buffer("scales", blocks.scales)

    @property
    def blocks(self) -> Blocks:
        """The stored weight."""
        scales = Scales(self.scales, self.largest, self.mean) if self.doubled else self.scales
        return Blocks(self.codes, scales, (self.out_features, self.in_features))

    def forward(self, x: Tensor) -> Tensor:
        """As the layer it replaces, but for the rounding of its weight."""
        y: Tensor = _Product.apply(x, self)
        return y if self.bias is None else y + self.bias


class _Product(torch.autograd.Function):
    """W x, unpacking W once more on the way back.

    Autograd's own product would keep the unpacked W of every layer until the backward pass: as much memory as not
    quantising at all.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: Nf4Linear) -> Tensor:
        ctx.layer, ctx.dtype = layer, x.dtype
        return F.linear(x, dequantize(layer.blocks).to(x.dtype))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return (grad @ dequantize(ctx.layer.blocks).to(grad.dtype)).to(ctx.dtype), None


def quantize_layers(model: nn.Module, double: bool) -> list[str]:
    """Put the weights of all linear layers inside the blocks into NF4, in place; returns their names."""

    def pack(module: nn.Module) -> nn.Module:
        assert isinstance(module, nn.Linear)
        return Nf4Linear(module, double)

    return replace(model, is_inner_linear, pack)


def dequantize_layers(model: nn.Module) -> None:
    """Leave plain layers with the rounded weights."""
    replace(model, lambda _, module: isinstance(module, Nf4Linear), plain_linear)


def packing(model: nn.Module) -> Quantize:
    """How the weights of the blocks lie in memory."""
    for module in model.modules():
        if isinstance(module, Nf4Linear):
            return "nf4-double" if module.doubled else "nf4"
    return "none"


def weight_of(layer: nn.Module) -> Tensor:
    """The weight of a plain or quantised layer, (out, in)."""
    return dequantize(layer.blocks) if isinstance(layer, Nf4Linear) else layer.get_parameter("weight")


def plain_linear(layer: nn.Module) -> nn.Linear:
    """The layer itself, or a plain one with the same weight."""
    if isinstance(layer, nn.Linear):
        return layer
    assert isinstance(layer, Nf4Linear)
    linear = nn.Linear(layer.in_features, layer.out_features, bias=False, device="meta")
    linear.weight = nn.Parameter(weight_of(layer), requires_grad=False)
    linear.bias = layer.bias
    return linear
