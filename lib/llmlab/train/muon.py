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

# a, b, c of each round. Jordan's quintic, the same five times: steepest at zero, and singular values from about 0.02 of
# the norm up end in [0.68, 1.14]. The Polar Express (Amsel et al. 2025, arXiv 2505.16932, theorem 3.1) takes in each
# round the quintic nearest to 1 on all that the rounds before can have left; begun at 0.02, three end in [0.90, 1.10].
Rounds = tuple[tuple[float, float, float], ...]
ROUNDS: dict[str, Rounds] = {
    "quintic": ((3.4445, -4.7750, 2.0315),) * 5,
    "polar-express": (
        (7.710969, -22.113755, 16.248744),
        (3.215276, -2.411172, 0.501300),
        (2.218308, -1.593990, 0.410748),
    ),
}


def orthogonalize(matrices_NRC: Tensor, dtype: torch.dtype, rounds: Rounds = ROUNDS["quintic"]) -> Tensor:
    """About U V^T of each matrix U S V^T, by Newton-Schulz iteration; same shape as the input, in `dtype`.

    Each round is X <- a X + (b A + c A^2) X with A = X X^T, on the side where A is the smaller; `rounds` are a, b, c.
    """
    x = matrices_NRC.to(dtype)
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    for a, b, c in rounds:
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


def _orthogonalize_together(matrices_NRC: Tensor, dtype: torch.dtype, rounds: Rounds) -> Tensor:
    """`orthogonalize`, each process for an equal share of matrices that all of them have."""
    count, share = len(matrices_NRC), -(-len(matrices_NRC) // world())
    filled = F.pad(matrices_NRC, (0, 0, 0, 0, 0, share * world() - count))
    own = orthogonalize(filled[rank() * share : (rank() + 1) * share], dtype, rounds).contiguous()
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
        rounds: of the iteration, see `ROUNDS`.

    A matrix whose rows are spread over processes (FSDP) has to be whole for the iteration: its update is gathered, each
    process does the iteration for its share of the matrices, and takes its rows of every result.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        momentum: float,
        weight_decay: float,
        dtype: torch.dtype,
        rounds: Rounds = ROUNDS["quintic"],
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self.dtype, self.rounds = dtype, rounds

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
                iterate = _orthogonalize_together if spread else orthogonalize
                results = iterate(updates, self.dtype, self.rounds)
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
