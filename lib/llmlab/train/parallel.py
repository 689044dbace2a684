"""A run in several processes that each take their rows of every step: DDP, ZeRO and FSDP, around the plain model.

| `train.parallel` | weights and gradients | optimizer state | travels in a step |
| --- | --- | --- | --- |
| `ddp` | whole in each process | whole in each | gradients |
| `zero` | whole in each | of its own parameters | gradients, then the new weights |
| `fsdp` | its rows of each matrix | its rows | weights twice, gradients; with Muon its updates |
| `pipeline` | its layers (`pipelining.py`) | of its layers | activations between neighbours |

All sum the same gradients as one process would, in another order: losses agree to rounding.
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from llmlab.artifacts.errors import LabError
from llmlab.model.transformer import Transformer
from llmlab.runtime.distributed import local_part, rank, summed, world
from llmlab.runtime.precision import autocast
from llmlab.shards.batches import Batch
from llmlab.train.config import TrainConfig
from llmlab.train.groups import make_optimizers
from llmlab.train.losses import Loss
from llmlab.train.pipelining import Pipeline
from llmlab.train.team import Team, loss_sums, norm_of_parts, scale_down

_ELSEWHERE = "rows of another process"


def make_team(model: nn.Module, loss: Loss, config: TrainConfig, dtype: torch.dtype) -> Team:
    """The team that `train.parallel` names; one process is alone whatever it says.

    Raises:
        LabError: several processes, and no way named or one that this run cannot go.
    """
    if world() == 1:
        return Team(model, loss, config, dtype)
    if config.parallel == "none":
        raise LabError(f"{world()} processes were started for one run", "set `train.parallel`, say to `ddp`")
    if config.parallel == "pipeline":
        return Pipeline(model, loss, config, dtype)
    share = config.rows // world()
    if config.rows % world() or share % min(config.micro_rows or share, share):
        raise LabError(
            f"{config.rows} rows a step are not shared evenly by {world()} processes in passes of "
            f"{config.micro_rows or share}",
            "make `rows` a multiple of processes times `micro_rows`",
        )
    return {"ddp": Replicas, "zero": Owners, "fsdp": Shards}[config.parallel](model, loss, config, dtype)


class Pass(nn.Module):
    """The loss of a batch as a module: DDP and FSDP act when a module is called, and a loss may call what it likes."""

    def __init__(self, model: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.model = model
        self._loss = loss

    def forward(self, batch: Batch) -> Tensor:
        """The summed loss."""
        return self._loss(self.model, batch)


class Replicas(Team):
    """DDP: every process has the whole model and takes its share of each step's rows."""

    def __init__(self, model: nn.Module, loss: Loss, config: TrainConfig, dtype: torch.dtype) -> None:
        self.wrapped = self._wrap(model, loss, dtype)
        super().__init__(model, loss, config, dtype)
        if rank():
            self.stores = self._stores_beside_the_first

    _stores_beside_the_first: tuple[str, ...] = ("random",)

    def _wrap(self, model: nn.Module, loss: Loss, _: torch.dtype) -> nn.Module:
        wrapped = DistributedDataParallel(Pass(model, loss), gradient_as_bucket_view=True)
        # Each loss is divided by the whole step's count already: the sum over processes is the step's gradient.
        wrapped.register_comm_hook(None, _add_up)
        return wrapped

    def passes(self, first: int, micro_rows: int) -> list[tuple[int, int]]:
        """See `Team.passes`: the rows of a step in order, an equal run of them for each process."""
        share = self.config.rows // world()
        begin, size = first + rank() * share, min(micro_rows, share)
        return [(start, size) for start in range(begin, begin + share, size)]

    def counted(self, batches: list[Batch]) -> int:
        """See `Team.counted`."""
        return int(summed(sum(batch.counted for batch in batches))[0])

    def backward(self, batches: list[Batch], counted: int) -> Iterator[tuple[str, float]]:
        """See `Team.backward`; the whole step at once, so that a broken loss is found in all processes together."""
        own, where = 0.0, _ELSEWHERE
        for number, batch in enumerate(batches):
            with self._sending(number == len(batches) - 1):
                with autocast(self.dtype, self.device):
                    value = self.wrapped(batch.to(self.device))
                (value / counted).backward()
            own += value.item()
            if not math.isfinite(own) and where == _ELSEWHERE:
                where = batch.name
        yield where, summed(own)[0]

    def _sending(self, last: bool) -> Any:
        """Gradients travel once a step, after its last pass."""
        return nullcontext() if last else self.wrapped.no_sync()  # type: ignore[operator]

    def mean_loss(self, batches: list[Batch]) -> float:
        """See `Team.mean_loss`; each process takes every n-th batch, and blanks where there are too few."""
        own = [batches[place] if place < len(batches) else batches[-1].blank() for place in self._places(len(batches))]
        total, counted = summed(*loss_sums(self.wrapped, own, self.dtype, self.device, _call))
        return total / counted if counted else math.nan

    def _places(self, count: int) -> range:
        rounds = -(-count // world())
        return range(rank(), rounds * world(), world())


class Owners(Replicas):
    """ZeRO, stage 1 (Rajbhandari et al. 2020, arXiv 1910.02054): each parameter's optimizer is in one process.

    Ours and not torch's `ZeroRedundancyOptimizer`: that one's state has to be gathered, pickled, into one process to be
    saved, and its parts are bound to the number of processes. Here an optimizer, Muon or AdamW, simply has fewer
    parameters, and its state is saved by name.
    """

    _stores_beside_the_first = ("random", "optimizer/")

    def _make_optimizers(self) -> list[Optimizer]:
        self.owner = share_out({name: p.numel() for name, p in self.model.named_parameters() if p.requires_grad})
        own = {name for name, owner in self.owner.items() if owner == rank()}
        return make_optimizers(self.model, self.config, self.dtype, own)

    def step(self) -> None:
        """See `Team.step`; then every process gets the weights that others have updated."""
        super().step()
        sent = [dist.broadcast(p.data, self.owner[name], async_op=True) for name, p in self.named.items()]
        for work in sent:
            assert work is not None
            work.wait()


class Shards(Replicas):
    """FSDP (Zhao et al. 2023, arXiv 2304.11277), torch's second: each process has its rows of every parameter."""

    _stores_beside_the_first = ("",)

    def _wrap(self, model: nn.Module, loss: Loss, dtype: torch.dtype) -> nn.Module:
        from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard  # noqa: PLC0415

        if not isinstance(model, Transformer):
            raise LabError("fsdp shares out a plain transformer", "set `train.parallel: ddp`")
        # The blocks' weights travel in the type they are multiplied in; sums of gradients stay fp32.
        low = dtype if dtype is not torch.float32 else None
        policy = MixedPrecisionPolicy(param_dtype=low, reduce_dtype=torch.float32, cast_forward_inputs=False)
        # A block also returns its keys and values, views that training throws away.
        warnings.filterwarnings("ignore", message="FSDP2-wrapped module .* returned a view tensor")
        whole = Pass(model, loss)
        mesh = _mesh(model)
        for part in (*model.blocks, whole):
            sharded = fully_shard(part, mesh=mesh, mp_policy=MixedPrecisionPolicy() if part is whole else policy)
            # A plain sum, as in `Replicas`.
            sharded.set_gradient_divide_factor(1.0)
            sharded.set_force_sum_reduction_for_comms(True)
        return whole

    def _sending(self, last: bool) -> Any:
        """Gradients travel in every pass: kept whole until the last one, they would need the memory that is saved."""
        return nullcontext()

    def mean_loss(self, batches: list[Batch]) -> float:
        """See `Team.mean_loss`; what stays whole after a forward pass without a backward one is let go."""
        mean = super().mean_loss(batches)
        self.wrapped.reshard()  # type: ignore[operator]
        return mean

    def norm(self) -> Tensor:
        """See `Team.norm`."""
        own = nn.utils.get_total_norm([local_part(p.grad) for p in self.parameters if p.grad is not None])
        return norm_of_parts(own)

    def clip(self, norm: Tensor) -> None:
        """See `Team.clip`."""
        scale_down([local_part(p.grad) for p in self.parameters if p.grad is not None], self.config.clip, norm)


def share_out(sizes: dict[str, int]) -> dict[str, int]:
    """Who owns which parameter: the largest first, each to the process that has least, so that all have about as much.

    The same in every process.
    """
    loads = [0] * world()
    owner = {}
    for name, size in sorted(sizes.items(), key=lambda each: (-each[1], each[0])):
        owner[name] = loads.index(min(loads))
        loads[owner[name]] += size
    return owner


def _call(model: nn.Module, batch: Batch) -> Tensor:
    return model(batch)


def _add_up(_: object, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:
    """DDP's own would divide by the number of processes."""
    work = dist.all_reduce(bucket.buffer(), async_op=True)
    assert work is not None
    return work.get_future().then(lambda done: done.value()[0])


def _mesh(model: nn.Module) -> Any:
    from torch.distributed.device_mesh import init_device_mesh  # noqa: PLC0415

    return init_device_mesh(next(model.parameters()).device.type, (world(),))
