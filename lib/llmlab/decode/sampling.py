"""From logits to the next id."""

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class SamplingConfig:
    """How to draw tokens."""

    temperature: Annotated[float, Field(ge=0, le=10)] = 0.8
    """Logits are divided by it; 0 takes the likeliest token."""
    top_k: Annotated[int, Field(ge=0)] = 0
    """Draw among the k likeliest tokens (Fan et al. 2018, arXiv 1805.04833); 0: all."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Draw among the fewest tokens that hold this probability together (Holtzman et al. 2020, arXiv 1904.09751)."""
    max_new: Annotated[int, Field(gt=0)] = 128
    """Most tokens to generate."""


def sample(logits_BV: Tensor, config: SamplingConfig, generator: torch.Generator) -> Tensor:
    """One id per row, (B,); equal logits and generator state give equal ids."""
    if config.temperature == 0:
        return logits_BV.argmax(dim=-1)
    return torch.multinomial(probabilities(logits_BV, config), 1, generator=generator).squeeze(-1)


def probabilities(logits_BV: Tensor, config: SamplingConfig) -> Tensor:
    """What `sample` draws from, (B, V) in fp32; at temperature 0 all of it lies on the likeliest id."""
    if config.temperature == 0:
        return torch.zeros_like(logits_BV, dtype=torch.float32).scatter(-1, logits_BV.argmax(dim=-1, keepdim=True), 1.0)
    return filtered(logits_BV.float() / config.temperature, config).softmax(dim=-1)


def filtered(logits_BV: Tensor, config: SamplingConfig) -> Tensor:
    """Logits with everything outside top-k and top-p at minus infinity; at least one token stays."""
    if 0 < config.top_k < logits_BV.shape[-1]:
        smallest_B1 = logits_BV.topk(config.top_k, dim=-1).values[:, -1:]
        logits_BV = logits_BV.masked_fill(logits_BV < smallest_B1, -torch.inf)
    if config.top_p < 1:
        sorted_BV, order_BV = logits_BV.sort(dim=-1, descending=True)
        before_BV = sorted_BV.softmax(dim=-1).cumsum(dim=-1) - sorted_BV.softmax(dim=-1)
        drop_BV = torch.zeros_like(logits_BV, dtype=torch.bool).scatter(-1, order_BV, before_BV >= config.top_p)
        logits_BV = logits_BV.masked_fill(drop_BV, -torch.inf)
    return logits_BV
