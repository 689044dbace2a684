"""Rotary positions: a query at m and a key at n meet only through m - n."""

import torch
from torch import Tensor


def rotary_tables(positions_T: Tensor, head_size: int, base: float) -> tuple[Tensor, Tensor]:
    """Cosines and sines, each (T, E): angle of pair i at position t is t * base^(-2i/E).

    The two halves of a head form the pairs (i, i + E/2), as in GPT-NeoX and Llama in `transformers`; the paper pairs
    neighbours, which is the same up to a permutation of the weights.
    """
    pairs = torch.arange(0, head_size, 2, device=positions_T.device, dtype=torch.float32)
    angles_TE = torch.outer(positions_T.float(), base ** (-pairs / head_size)).repeat(1, 2)
    return angles_TE.cos(), angles_TE.sin()


def rotate(x_BHTE: Tensor, cos_TE: Tensor, sin_TE: Tensor) -> Tensor:
    """Turn each pair by its position's angle (Su et al. 2021, equation 34); the norm of every head is kept."""
    first, second = x_BHTE.chunk(2, dim=-1)
    turned = torch.cat((-second, first), dim=-1)
    return x_BHTE * cos_TE.to(x_BHTE.dtype) + turned * sin_TE.to(x_BHTE.dtype)
