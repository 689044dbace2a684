"""The output head and its cross-entropy in one, a few rows at a time: the logits of a whole batch never exist.

With a vocabulary of V, the logits of N positions are N V numbers, read and written six times by a plain head, softmax
and loss. Here a piece of them stays in the processor's cache, and its gradient takes its place as soon as the loss is
known, since that of a sum does not depend on what comes after. The same idea: Hsu et al. 2024, "Liger Kernel"
(arXiv 2410.10989), section 3.2.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

# Positions of a piece: logits of 512 positions at a vocabulary of 4,096 are 8 MiB. A GPU wants larger products.
_PIECE = {"cpu": 512, "cuda": 8192}


def head_loss(hidden_ND: Tensor, weight_VD: Tensor, targets_N: Tensor) -> Tensor:
    """Sum over N of -ln softmax(hidden weight^T)[target], in nats, fp32; once differentiable.

    Args:
        hidden_ND: last hidden states of the positions that count.
        weight_VD: the head's matrix, products in the autocast dtype where there is one.
        targets_N: ids.
    """
    return _HeadLoss.apply(hidden_ND, weight_VD, targets_N)


class _HeadLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden_ND: Tensor, weight_VD: Tensor, targets_N: Tensor) -> Tensor:
        want_hidden, want_weight, _ = ctx.needs_input_grad
        grad_hidden = torch.empty_like(hidden_ND) if want_hidden else None
        grad_weight = torch.zeros_like(weight_VD, dtype=_wide(weight_VD)) if want_weight else None
        total = torch.zeros((), device=hidden_ND.device, dtype=_wide(hidden_ND))
        size = _PIECE.get(hidden_ND.device.type, 512)
        for start in range(0, len(targets_N), size):
            part = slice(start, start + size)
            product = F.linear(hidden_ND[part], weight_VD)
            loss, slope = _softmax_loss(product, targets_N[part])
            total += loss
            slope = slope.to(product.dtype)
            if grad_hidden is not None:
                grad_hidden[part] = slope @ weight_VD.to(product.dtype)
            if grad_weight is not None:
                grad_weight += slope.T @ hidden_ND[part].to(product.dtype)
            # Or they would lie beside those of the next piece.
            del product, slope
        ctx.save_for_backward(grad_hidden, grad_weight)
        ctx.weight_dtype = weight_VD.dtype
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        grad_hidden, grad_weight = ctx.saved_tensors
        hidden = None if grad_hidden is None else grad_hidden * grad.to(grad_hidden.dtype)
        weight = None if grad_weight is None else (grad_weight * grad).to(ctx.weight_dtype)
        return hidden, weight, None


def _softmax_loss(logits_NV: Tensor, targets_N: Tensor) -> tuple[Tensor, Tensor]:
    """The summed loss, and its gradient softmax - onehot, which overwrites the logits where they are wide enough."""
    x_NV = logits_NV.to(_wide(logits_NV))
    rows_N = torch.arange(len(targets_N), device=targets_N.device)
    x_NV -= x_NV.amax(dim=-1, keepdim=True)
    picked_N = x_NV[rows_N, targets_N]
    sums_N = x_NV.exp_().sum(dim=-1)
    x_NV /= sums_N[:, None]
    x_NV[rows_N, targets_N] -= 1
    return (sums_N.log() - picked_N).sum(), x_NV


def _wide(tensor: Tensor) -> torch.dtype:
    return torch.float64 if tensor.dtype is torch.float64 else torch.float32
