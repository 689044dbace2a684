"""What the training loop asks of the processes of a run; the one here is a process alone.

`parallel.py` and `pipelining.py` answer for several. The loop is the same for all: a step has its rows, its passes, one
gradient norm and one update, whoever computes which part of them.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from llmlab.runtime.distributed import local_part, spread_like, summed
from llmlab.runtime.precision import autocast
from llmlab.shards.batches import Batch
from llmlab.train.config import TrainConfig
from llmlab.train.groups import make_optimizers
from llmlab.train.losses import Loss, next_token_loss


class Team:
    """One process that does everything.

    Args:
        model: on its device; a team of several takes it apart or wraps it here.
        loss: sum over counted targets.
        config: how to train.
        dtype: of matrix products.
    """

    # What this process has to save: names of a checkpoint's tensors that begin so.
    stores: tuple[str, ...] = ("",)

    def __init__(self, model: nn.Module, loss: Loss, config: TrainConfig, dtype: torch.dtype) -> None:
        self.model, self.loss, self.config, self.dtype = model, loss, config, dtype
        self.device = next(model.parameters()).device
        self.optimizers: list[Optimizer] = self._make_optimizers()
        self.named = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self.parameters = list(self.named.values())

    def _make_optimizers(self) -> list[Optimizer]:
        return make_optimizers(self.model, self.config, self.dtype)

    def passes(self, first: int, micro_rows: int) -> list[tuple[int, int]]:
        """This process's passes of the step that begins with row `first`: first row and rows of each."""
        return [(start, micro_rows) for start in range(first, first + self.config.rows, micro_rows)]

    def counted(self, batches: list[Batch]) -> int:
        """Targets that the loss counts in the whole step."""
        return sum(batch.counted for batch in batches)

    def backward(self, batches: list[Batch], counted: int) -> Iterator[tuple[str, float]]:
        """Add the gradients of the mean over `counted` targets; summed losses, and the rows they are of."""
        for batch in batches:
            with autocast(self.dtype, self.device):
                summed = self.loss(self.model, batch.to(self.device))
            # Dividing by the step's count, not the pass's, makes 8x1 rows and 1x8 rows the same gradient (TRL #2175).
            (summed / counted).backward()
            yield batch.name, summed.item()

    def drop_gradients(self) -> None:
        """Begin a step anew."""
        for parameter in self.parameters:
            parameter.grad = None

    def norm(self) -> Tensor:
        """The gradient's norm over all parameters."""
        return nn.utils.get_total_norm([p.grad for p in self.parameters if p.grad is not None])

    def clip(self, norm: Tensor) -> None:
        """Scale gradients of that norm down to `clip`."""
        nn.utils.clip_grads_with_norm_(self.parameters, self.config.clip, norm)

    def step(self) -> None:
        """Update the weights."""
        for optimizer in self.optimizers:
            optimizer.step()

    def mean_loss(self, batches: list[Batch]) -> float:
        """See `mean_loss`."""
        return mean_loss(self.model, batches, self.dtype, self.device, self.loss)

    def weights(self) -> dict[str, Tensor]:
        """A copy of what this process has to keep of the trainable weights."""
        if not "model/".startswith(self.stores):
            return {}
        return {name: local_part(p).detach().cpu().clone() for name, p in self.named.items()}

    def own_part(self, name: str, tensor: Tensor) -> Tensor | None:
        """What `weights` has of the parameter `name`, from the whole of it; None: nothing."""
        if name not in self.named or not "model/".startswith(self.stores):
            return None
        return local_part(spread_like(tensor, self.named[name])).cpu()

    def is_finite(self) -> bool:
        """Whether the weights are all numbers."""
        return all(bool(local_part(parameter).isfinite().all()) for parameter in self.parameters)


def norm_of_parts(norm: Tensor) -> Tensor:
    """The norm of what is spread over all processes, each of which has the norm of its part."""
    return torch.tensor(math.sqrt(summed(norm.item() ** 2)[0]), dtype=norm.dtype, device=norm.device)


@torch.no_grad()
def scale_down(gradients: list[Tensor], limit: float, norm: Tensor) -> None:
    """What `clip_grads_with_norm_` does, on parts of gradients."""
    for gradient in gradients:
        gradient.mul_((limit / (norm + 1e-6)).clamp(max=1.0))


@torch.no_grad()
def mean_loss(
    model: nn.Module, batches: list[Batch], dtype: torch.dtype, device: torch.device, loss: Loss = next_token_loss
) -> float:
    """Mean loss in nats per counted target over all batches, summed exactly: never a mean of batch means."""
    total, counted = loss_sums(model, batches, dtype, device, loss)
    return total / counted if counted else math.nan


@torch.no_grad()
def loss_sums(
    model: nn.Module, batches: list[Batch], dtype: torch.dtype, device: torch.device, loss: Loss
) -> tuple[float, int]:
    """Summed loss in nats, and counted targets."""
    model.eval()
    total, counted = 0.0, 0
    for batch in batches:
        with autocast(dtype, device):
            total += loss(model, batch.to(device)).item()
        counted += batch.counted
    return total, counted
