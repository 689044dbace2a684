"""Muon: momentum whose every matrix is made orthogonal before the step (Jordan et al. 2024, "Muon: an optimizer for
hidden layers in neural networks").

`torch.optim.Muon` computes the same update, but always in bf16 and one matrix at a time. On a processor without bf16
instructions that took eight times as long as the rest of the step; in fp32, with matrices of one shape in one batch, it
takes a tenth of it.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from llmlab.runtime.distributed import rank, spread_like, whole, world

# Jordan's quintic: steepest at zero, and singular values from about 0.1 up end in [0.7, 1.2] after five rounds.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_ROUNDS = 5


def orthogonalize(matrices_NRC: Tensor, dtype: torch.dtype) -> Tensor:
    """About U V^T of each matrix U S V^T, by Newton-Schulz iteration; same shape as the input, in `dtype`.

    Each round is X <- a X + (b A + c A^2) X with A = X X^T, on the side where A is the smaller.
    """
    x = matrices_NRC.to(dtype)
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    for _ in range(_ROUNDS):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=_B, alpha=_C), x, beta=_A)
    return x.mT if tall else x


def _orthogonalize_together(matrices_NRC: Tensor, dtype: torch.dtype) -> Tensor:
    """`orthogonalize`, each process for an equal share of matrices that all of them have."""
    count, share = len(matrices_NRC), -(-len(matrices_NRC) // world())
    filled = F.pad(matrices_NRC, (0, 0, 0, 0, 0, share * world() - count))
    own = orthogonalize(filled[rank() * share : (rank() + 1) * share], dtype).contiguous()
    results = own.new_empty(share * world(), *own.shape[1:])
    dist.all_gather_into_tensor(results, own)
    return results[:count].to(matrices_NRC.dtype)


class Muon(Optimizer):
    """W <- (1 - lr decay) W - lr sqrt(max(1, rows / columns)) O, with O the orthogonalised Nesterov momentum.

    Args:
        parameters: matrices.
        lr: peak learning rate; each step's RMS is then about lr / sqrt(columns) whatever the gradient's size.
        momentum: of the running mean of gradients.
        weight_decay: decoupled.
        dtype: of the iteration, which tolerates bf16 where that is fast.

    A matrix whose rows are spread over processes (FSDP) has to be whole for the iteration: its update is gathered, each
    process does the iteration for its share of the matrices, and takes its rows of every result.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, momentum: float, weight_decay: float, dtype: torch.dtype
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient; `closure` is refused."""
        assert closure is None, "the loop computes the loss"
        for group in self.param_groups:
            alike: dict[torch.Size, list[nn.Parameter]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike.setdefault(parameter.shape, []).append(parameter)
            for shape, parameters in alike.items():
                updates = torch.stack([whole(self._momentum(each, group["momentum"])) for each in parameters])
                spread = hasattr(parameters[0], "to_local")
                results = _orthogonalize_together(updates, self.dtype) if spread else orthogonalize(updates, self.dtype)
                scale = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for parameter, update in zip(parameters, results, strict=True):
                    own = spread_like(update, parameter)
                    parameter.mul_(1 - group["lr"] * group["weight_decay"]).add_(own, alpha=-scale)

    def _momentum(self, parameter: nn.Parameter, momentum: float) -> Tensor:
        state = self.state[parameter]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        assert parameter.grad is not None
        mean = state["momentum_buffer"].lerp_(parameter.grad, 1 - momentum)
        return parameter.grad.lerp(mean, momentum)
