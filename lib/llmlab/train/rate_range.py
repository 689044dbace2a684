"""The learning-rate range test: one short run whose rate grows all the time, until more of it no longer helps.

Smith 2017 (arXiv 1506.01186, section 3.3) lets the rate grow linearly from step to step, which is what the loop's own
warm-up does: the test is an ordinary run that never leaves its warm-up, through the one training loop.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from llmlab.artifacts.errors import LabError
from llmlab.shards.batches import Batch, BatchSource
from llmlab.train.config import TrainConfig
from llmlab.train.losses import next_token_loss
from llmlab.train.schedule import rate
from llmlab.train.scratch import drop_run
from llmlab.train.trial import Trial, run_trial

# Weight of the past in the smoothed loss, and steps before it may say that the run is lost.
_PAST, _EARLY = 0.9, 10


@dataclass(frozen=True)
class RateRange:
    """What the test saw: the rate as a multiple of the peaks in the config, step by step, and the losses there."""

    multiples: list[float]
    losses: list[float]
    smooth: list[float]
    ended: str
    """Why it ended before its last step; empty when it did not."""

    @property
    def lowest(self) -> float:
        """The multiple at which the smoothed loss is lowest: beyond it a larger rate no longer helps."""
        return self.multiples[min(range(len(self.smooth)), key=self.smooth.__getitem__)]

    @property
    def suggested(self) -> float:
        """The multiple at which the smoothed loss falls fastest.

        A good deal below the lowest loss: while the rate grows the run also goes on, so that the loss still falls at
        rates that a longer run does not stand.
        """
        until = self.multiples.index(self.lowest)
        falls = [after - before for before, after in pairwise(self.smooth[: until + 1])]
        return self.multiples[1 + min(range(len(falls)), key=falls.__getitem__)] if falls else self.lowest

    @property
    def bounded(self) -> bool:
        """Whether the loss rose again within the test, so that there is a lowest point and not only a last one."""
        return self.smooth[-1] > min(self.smooth) + 0.02 * (max(self.smooth) - min(self.smooth))


def range_config(config: TrainConfig, steps: int, up_to: float) -> TrainConfig:
    """The run of the test: rates of both optimizers grow from nothing to `up_to` times their peaks.

    Raises:
        LabError: fewer than 20 steps, or no growth.
    """
    if steps < 20 or up_to <= 0:
        raise LabError(
            f"a range test of {steps} steps up to {up_to} times the rate says nothing", "use 20 steps or more"
        )
    return replace(
        config,
        steps=steps,
        warmup=steps - 1,
        schedule="constant",
        compile=False,
        lr=config.lr * up_to,
        muon_lr=config.muon_lr * up_to,
        micro_rows=None,
        validate_every=steps,
        checkpoint_every=steps + 1,
        patience=0,
        milestones=[],
        spike="off",
        keep="last",
    )


def rate_range(
    trial: Trial, source: BatchSource, validation: list[Batch], *, steps: int, up_to: float, scratch: Path
) -> RateRange:
    """Run the test on a fresh model; a loss above that of the first step ends it.

    Raises:
        LabError: as `range_config` and `run_trial`, but not for a loss that is no number, which is what the test seeks.
    """
    config = range_config(trial.train, steps, up_to)
    losses = _Losses()
    ended = ""
    try:
        run_trial(replace(trial, train=config), source, validation, scratch=scratch, name="lr range", loss=losses)
    except LabError as error:
        if not losses.seen:
            raise
        ended = error.problem
    finally:
        drop_run(scratch)
    seen = [loss for loss in losses.seen if math.isfinite(loss)]
    multiples = [up_to * rate(step, config) for step in range(len(seen))]
    return RateRange(multiples, seen, smoothed(seen), ended)


def smoothed(losses: Sequence[float]) -> list[float]:
    """An exponential mean without bias at the start (Kingma & Ba 2015, section 3)."""
    found, mean = [], 0.0
    for number, loss in enumerate(losses, start=1):
        mean = _PAST * mean + (1 - _PAST) * loss
        found.append(mean / (1 - _PAST**number))
    return found


class _Losses:
    """The loop's own loss, written down for each training step, one pass a step."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def __call__(self, model: nn.Module, batch: Batch) -> Tensor:
        """See `Loss`."""
        summed = next_token_loss(model, batch)
        if torch.is_grad_enabled():
            self.seen.append(summed.item() / max(1, batch.counted))
            if len(self.seen) > _EARLY and smoothed(self.seen[-3 * _EARLY :])[-1] > self.seen[0]:
                raise LabError("the loss is above that of the first step", "look at the rates before")
        return summed
