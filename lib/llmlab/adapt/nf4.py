"""A matrix in blocks of 64 numbers of 4 bits each, the scales of the blocks in 8 bits (Dettmers et al. 2023, QLoRA).

The same bits as bitsandbytes writes, so that a model quantised there or here is one model.
"""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

BLOCK = 64
SCALES = 256  # scales that share one scale of their own
# Quantiles of the normal distribution, scaled to [-1, 1] and with an exact zero (the paper's appendix E).
LEVELS = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip


@dataclass(frozen=True)
class Scales:
    """Scales of blocks in 8 bits: `mean` + (level of `codes`) x `largest` of every 256 (double quantisation)."""

    codes: Tensor
    """uint8, one for each block."""
    largest: Tensor
    """fp32, one for each 256 blocks."""
    mean: Tensor
    """fp32, a scalar."""


@dataclass(frozen=True)
class Blocks:
    """A quantised matrix."""

    codes: Tensor
    """uint8, two numbers in each, the earlier one in the high half; row by row."""
    scales: Tensor | Scales
    """The largest magnitude of each block."""
    shape: tuple[int, ...]
    """That of the matrix."""


def quantize(weight: Tensor, double: bool) -> Blocks:
    """Each number as the nearest level times its block's largest magnitude; `double`: the scales in 8 bits too."""
    codes, scales = _nearest(weight, torch.tensor(LEVELS, device=weight.device), BLOCK)
    if len(codes) % 2:
        codes = F.pad(codes, (0, 1), value=LEVELS.index(0.0))
    packed = (codes[::2] << 4) | codes[1::2]
    return Blocks(packed, _quantize_scales(scales) if double else scales, tuple(weight.shape))


def dequantize(blocks: Blocks) -> Tensor:
    """The matrix in fp32."""
    scales = blocks.scales
    if isinstance(scales, Scales):
        scales = _spread(dynamic_levels().to(scales.codes.device), scales.codes, scales.largest, SCALES) + scales.mean
    halves = torch.stack((blocks.codes >> 4, blocks.codes & 15), dim=1).flatten()
    count = 1
    for side in blocks.shape:
        count *= side
    levels = torch.tensor(LEVELS, device=blocks.codes.device)
    return _spread(levels, halves[:count], scales, BLOCK).view(blocks.shape)


def _quantize_scales(scales: Tensor) -> Scales:
    # Less their mean they lie on both sides of zero, and the signed levels are all of use (the paper's section 3).
    mean = scales.mean()
    codes, largest = _nearest(scales - mean, dynamic_levels().to(scales.device), SCALES)
    return Scales(codes, largest, mean)


def _nearest(values: Tensor, levels: Tensor, block: int) -> tuple[Tensor, Tensor]:
    """Index of the nearest level of each number over its block's largest magnitude, and those magnitudes."""
    flat = values.detach().float().flatten()
    count = len(flat)
    blocks = F.pad(flat, (0, -count % block)).view(-1, block)
    largest = blocks.abs().amax(dim=1)
    # subtle: a product with the reciprocal and not a quotient, which rounds otherwise, so that the bits are bnb's.
    scaled = (blocks * (1 / largest.clamp(min=1e-38))[:, None]).clamp(-1, 1)
    codes = torch.bucketize(scaled.flatten()[:count], (levels[:-1] + levels[1:]) / 2)
    return codes.to(torch.uint8), largest


def _spread(levels: Tensor, codes: Tensor, scales: Tensor, block: int) -> Tensor:
    """Levels by index, times the scale of the block that each lies in."""
    return levels[codes.int()] * scales.repeat_interleave(block)[: len(codes)]


@cache
def dynamic_levels() -> Tensor:
    """256 signed levels, more of them the nearer to zero (Dettmers 2016, arXiv 1511.04561, section 2.2).

    For each power of ten from 1e-6 to 1 there are twice as many steps between a tenth of it and itself as for the one
    before it: 1 to 64, in the middle of equal intervals, with both signs; beside them 0 and 1.
    """
    levels = [0.0, 1.0]
    for exponent in range(7):
        bounds = torch.linspace(0.1, 1, 2**exponent + 1, dtype=torch.float32)
        middles = (10 ** (exponent - 6) * (bounds[:-1] + bounds[1:]) / 2).tolist()
        levels += middles + [-level for level in middles]
    return torch.tensor(sorted(levels), dtype=torch.float32)
