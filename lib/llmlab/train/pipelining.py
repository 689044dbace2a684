"""A run in which each process has some of the layers, and passes flow through them (GPipe, Huang et al. 2019,
arXiv 1811.06965; one forward, one backward: Narayanan et al. 2021, arXiv 2104.04473).

By torch's own `torch.distributed.pipelining`. Only what a layer hands to the next one travels, so this is the way for
slow links; with n passes a step, p processes stand idle (p - 1) / (n + p - 1) of the time.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from llmlab.artifacts.errors import LabError
from llmlab.model.transformer import Transformer
from llmlab.runtime.distributed import rank, summed, world
from llmlab.runtime.precision import autocast
from llmlab.shards.batches import IGNORE, Batch
from llmlab.train.config import TrainConfig
from llmlab.train.head import head_loss
from llmlab.train.losses import Loss
from llmlab.train.team import Team, norm_of_parts, scale_down


class Pipeline(Team):
    """Each process has its layers, the first one the embedding too, the last one the head; all see all rows."""

    def __init__(self, model: nn.Module, loss: Loss, config: TrainConfig, dtype: torch.dtype) -> None:
        if not isinstance(model, Transformer) or model.config.tie_embeddings or model.config.depth < world():
            raise LabError(
                f"a pipeline of {world()} processes needs a plain transformer of so many layers whose head is its own",
                "set `model.tie_embeddings: false`, or `train.parallel: ddp`",
            )
        self.last = rank() == world() - 1
        self.layers = share_of_layers(model.config.depth)
        keep_only(model, self.layers, self.last)
        super().__init__(model, loss, config, dtype)
        self.transformer, self.passes_a_step = model, config.rows // (config.micro_rows or config.rows)
        self._targets_counted = 1
        self._sums: list[float] = []
        self._schedule = self._make_schedule()

    def _make_schedule(self) -> Any:
        from torch.distributed.pipelining import PipelineStage, Schedule1F1B, ScheduleGPipe  # noqa: PLC0415

        # Told what travels, torch need not find out by a pass of its own, which would draw from dropout's generator.
        rows, model = self.config.rows // self.passes_a_step, self.transformer.config
        ids_BT = torch.empty(rows, model.context, dtype=torch.long, device="meta")
        hidden_BTD = torch.empty(*ids_BT.shape, model.resolved_width, device="meta", requires_grad=True)
        stage = PipelineStage(
            _Part(self.transformer, self.layers),
            rank(),
            world(),
            self.device,
            input_args=hidden_BTD if rank() else ids_BT,
            output_args=hidden_BTD,
        )
        # One forward, one backward keeps the activations of as many passes as there are processes, not of all.
        kind = Schedule1F1B if self.passes_a_step >= world() else ScheduleGPipe
        return kind(stage, self.passes_a_step, loss_fn=self._loss_of, scale_grads=False)

    def _loss_of(self, hidden_BTD: Tensor, targets_BT: Tensor) -> Tensor:
        counts_N = targets_BT.flatten() != IGNORE
        weight_VD = self.transformer.head.weight
        summed_loss = head_loss(hidden_BTD.flatten(0, 1)[counts_N], weight_VD, targets_BT.flatten()[counts_N])
        self._sums.append(summed_loss.item())
        return summed_loss / self._targets_counted

    def backward(self, batches: list[Batch], counted: int) -> Iterator[tuple[str, float]]:
        """See `Team.backward`; all passes of the step together."""
        yield ", ".join(batch.name for batch in batches), self._run(batches, counted, self._schedule.step)

    def mean_loss(self, batches: list[Batch]) -> float:
        """See `Team.mean_loss`; the pipe takes passes of one shape, so many at a time."""
        self.model.eval()
        total, size = 0.0, self.config.rows // self.passes_a_step
        filled = [piece.filled(size) for batch in batches for piece in batch.cut(size)]
        counted = self.counted(filled)
        filled += [filled[-1].blank()] * (-len(filled) % self.passes_a_step)
        for start in range(0, len(filled), self.passes_a_step):
            with torch.no_grad():
                total += self._run(filled[start : start + self.passes_a_step], 1, self._schedule.eval)
        return total / counted if counted else math.nan

    def _run(self, batches: list[Batch], counted: int, run: Any) -> float:
        """The summed loss, known where the head is and told to all."""
        self._targets_counted, self._sums = counted, []
        ids_BT, targets_BT = (torch.cat([getattr(each, part) for each in batches]) for part in ("ids_BT", "targets_BT"))
        given: dict[str, Any] = {}
        if batches[0].documents_BT is not None:
            documents = [batch.documents_BT for batch in batches if batch.documents_BT is not None]
            given["documents_BT"] = torch.cat(documents).to(self.device)
        if self.last:
            given["target"] = targets_BT.to(self.device)
        with autocast(self.dtype, self.device):
            run(*([ids_BT.to(self.device)] if rank() == 0 else []), return_outputs=False, **given)
        return summed(math.fsum(self._sums))[0]

    def norm(self) -> Tensor:
        """See `Team.norm`."""
        return norm_of_parts(super().norm())

    def clip(self, norm: Tensor) -> None:
        """See `Team.clip`."""
        scale_down([p.grad for p in self.parameters if p.grad is not None], self.config.clip, norm)


class _Part(nn.Module):
    def __init__(self, model: Transformer, layers: range) -> None:
        super().__init__()
        self.model, self._layers = model, layers

    def forward(self, x: Tensor, documents_BT: Tensor | None = None) -> Tensor:
        return self.model.part(x, documents_BT, self._layers)


def share_of_layers(depth: int) -> range:
    """The layers of this process: all processes have about as many, the last ones, which have the head, fewer."""
    ends = [-(-depth * number // world()) for number in range(world() + 1)]
    return range(ends[rank()], ends[rank() + 1])


def keep_only(model: Transformer, layers: range, last: bool) -> None:
    """Take everything out of a whole model that this process has no part in; names stay what they were."""
    for number in range(len(model.blocks)):
        if number not in layers:
            model.blocks[number] = nn.Identity()
    gone = [] if last else ["norm", "head"]
    gone += ["embedding", "positions", "ngrams", "smear"] if layers.start else []
    for name in gone:
        if getattr(model, name) is not None:
            setattr(model, name, nn.Identity())
