"""The only training loop: pretraining, SFT and LoRA differ in what they hand to it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.lock import exclusive
from llmlab.runtime.precision import autocast, compute_dtype
from llmlab.shards.batches import Batch, BatchSource
from llmlab.train.config import TrainConfig
from llmlab.train.groups import make_optimizers, set_rate
from llmlab.train.journal import Journal, Point
from llmlab.train.losses import Loss, next_token_loss
from llmlab.train.resume import capture, newest_state, put_random_state, random_state, restore, save_state
from llmlab.train.schedule import rate

Weights = dict[str, Tensor]


@dataclass
class Outcome:
    """What a run ends with: curves, and the trainable weights at the best and the last validation."""

    curve: list[Point]
    best_step: int
    best: Weights
    last: Weights
    milestones: dict[int, Weights]
    tokens: int
    stopped_early: bool
    tokens_per_second: float = 0.0


@dataclass
class _Progress:
    """The loop's own state between steps."""

    step: int = 0
    tokens: int = 0
    curve: list[Point] = field(default_factory=list)
    best_loss: float = math.inf
    best_step: int = 0
    stale: int = 0
    since: list[float] = field(default_factory=lambda: [0.0, 0.0])
    snapshots: dict[str, Weights] = field(default_factory=dict)


def train(
    model: nn.Module,
    source: BatchSource,
    validation: list[Batch],
    config: TrainConfig,
    *,
    scratch: Path,
    name: str = "train",
    loss: Loss = next_token_loss,
    after_step: Callable[[int], None] | None = None,
) -> Outcome:
    """Train the parameters of `model` that require gradients.

    Args:
        model: on its device, with its initial weights; changed in place.
        source: batches to learn from.
        validation: batches whose mean loss picks the best weights.
        config: how.
        scratch: folder of this very run, keyed by all that shapes its result; a run that was killed goes on from it.
        name: for the progress line.
        loss: sum over counted targets.
        after_step: called with the number of finished updates (tests kill the process there).

    Raises:
        LabError: a loss or gradient that is not finite; the update is not made, the last good state is saved. Or
            `validation` counts no target.
    """
    # The lock lies beside the checkpoints, so that two copies of the project with one scratch root do not mix them.
    with exclusive(scratch.with_name(f"{scratch.name}.lock"), name), Journal(config.steps, name) as journal:
        run = _Run(model, source, validation, config, scratch, loss)
        while not run.finished:
            run.take_step(journal)
            if after_step is not None:
                after_step(run.at.step)
        return run.outcome(journal)


class _Run:
    """One training run: the things a step needs, and the step."""

    def __init__(
        self,
        model: nn.Module,
        source: BatchSource,
        validation: list[Batch],
        config: TrainConfig,
        scratch: Path,
        loss: Loss,
    ) -> None:
        self.model, self.source, self.validation = model, source, validation
        self.config, self.scratch = config, scratch
        # Compiled with the model in it: apart from it, the logits of a large vocabulary pass through memory in fp32.
        self.loss: Loss = torch.compile(loss) if config.compile else loss
        self.device = next(model.parameters()).device
        self.dtype = compute_dtype(config.precision, self.device)
        self.optimizers: list[Optimizer] = make_optimizers(model, config, self.dtype)
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.random = random_state()
        if not any(batch.counted for batch in validation):
            raise LabError("the validation set has no target to count", "give it more text or examples")
        self.at = _Progress()
        saved = newest_state(scratch)
        if saved is not None:
            restore(saved, model, self.optimizers)
            self.at = _progress_from(saved.facts, saved.tensors)
            print(f"resumed at step {self.at.step} from {scratch.name[:12]}")

    @property
    def finished(self) -> bool:
        """All steps done, or no better validation for `patience` of them."""
        return self.at.step >= self.config.steps or (0 < self.config.patience <= self.at.stale)

    def take_step(self, journal: Journal) -> None:
        """One update, and whatever is due after it: validation, milestone, checkpoint."""
        config, at = self.config, self.at
        share = rate(at.step, config)
        set_rate(self.optimizers, share)
        mean, norm, counted = self._gradients()
        for optimizer in self.optimizers:
            optimizer.step()
        at.step += 1
        at.tokens += counted
        at.since = [at.since[0] + mean * counted, at.since[1] + counted]
        journal.step(at.step, mean, counted)
        if at.step % config.validate_every == 0 or at.step == config.steps:
            self._validate(share, norm, journal)
        if at.step in config.milestones:
            at.snapshots[f"milestone/{at.step}"] = self._weights()
        if at.step % config.checkpoint_every == 0 and not self.finished:
            self._save()

    def _gradients(self) -> tuple[float, float, int]:
        """Fill gradients with those of the mean loss over all counted targets of the step; mean, norm, count."""
        config = self.config
        micro = config.micro_rows or config.rows
        first = self.at.step * config.rows
        batches = [self.source.batch(first + start, micro) for start in range(0, config.rows, micro)]
        counted = sum(batch.counted for batch in batches)
        if counted == 0:
            raise LabError(f"no target is counted in {batches[0].name}", "raise `rows`, or lengthen the examples")
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        self.random = random_state()
        self.model.train()
        total = 0.0
        for batch in batches:
            with autocast(self.dtype, self.device):
                summed = self.loss(self.model, batch.to(self.device))
            # Dividing by the step's count, not the pass's, makes 8x1 rows and 1x8 rows the same gradient (TRL #2175).
            (summed / counted).backward()
            value = summed.item()
            if not math.isfinite(value):
                self._stop(f"the loss is {value}", batch.name)
            total += value
        norm = nn.utils.clip_grad_norm_(self.parameters, config.clip).item()
        if not math.isfinite(norm):
            self._stop(f"the gradient norm is {norm}", ", ".join(batch.name for batch in batches))
        return total / counted, norm, counted

    def _validate(self, share: float, norm: float, journal: Journal) -> None:
        at = self.at
        value = mean_loss(self.model, self.validation, self.dtype, self.device, self.loss)
        if not math.isfinite(value):
            raise LabError(
                f"the validation loss is {value} after step {at.step}; the checkpoint before it is kept",
                "lower the learning rate or raise `warmup`",
            )
        point: Point = {
            "step": at.step,
            "tokens": at.tokens,
            "train_loss": round(at.since[0] / max(1.0, at.since[1]), 6),
            "val_loss": round(value, 6),
            "lr": round(self.config.lr * share, 10),
            "grad_norm": round(norm, 6),
        }
        at.since = [0.0, 0.0]
        at.curve.append(point)
        if value < at.best_loss:
            at.best_loss, at.best_step, at.stale = value, at.step, 0
            at.snapshots["best"] = self._weights()
        else:
            at.stale += 1
        journal.validated(point)

    def _weights(self) -> Weights:
        return {name: p.detach().cpu().clone() for name, p in self.model.named_parameters() if p.requires_grad}

    def _save(self) -> None:
        at = self.at
        facts = {
            "step": at.step,
            "tokens": at.tokens,
            "curve": at.curve,
            "best_loss": at.best_loss if math.isfinite(at.best_loss) else None,
            "best_step": at.best_step,
            "stale": at.stale,
            "since": at.since,
        }
        state = capture(at.step, self.model, self.optimizers, facts)
        for label, weights in at.snapshots.items():
            state.tensors.update({f"snapshot/{label}/{name}": tensor for name, tensor in weights.items()})
        save_state(state, self.scratch)

    def _stop(self, problem: str, where: str) -> None:
        # Weights that are themselves no numbers must not push the last good state out.
        if all(bool(parameter.isfinite().all()) for parameter in self.parameters):
            put_random_state(self.random)
            self._save()
        raise LabError(
            f"{problem} at step {self.at.step + 1}, in {where}; the update was not made, the last good state is kept",
            "lower the learning rate or raise `warmup`; look at that batch",
        )

    def outcome(self, journal: Journal) -> Outcome:
        """Curves and weights of the finished run."""
        at, last = self.at, self._weights()
        milestones = {int(k.split("/")[1]): v for k, v in at.snapshots.items() if k.startswith("milestone/")}
        early = at.step < self.config.steps
        best = at.snapshots.get("best", last)
        return Outcome(at.curve, at.best_step, best, last, milestones, at.tokens, early, journal.tokens_per_second())


def _progress_from(facts: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> _Progress:
    snapshots: dict[str, Weights] = {}
    for name, tensor in tensors.items():
        if name.startswith("snapshot/"):
            label, _, parameter = name.removeprefix("snapshot/").rpartition("/")
            snapshots.setdefault(label, {})[parameter] = tensor
    best = math.inf if facts["best_loss"] is None else facts["best_loss"]
    return _Progress(
        step=facts["step"],
        tokens=facts["tokens"],
        curve=list(facts["curve"]),
        best_loss=best,
        best_step=facts["best_step"],
        stale=facts["stale"],
        since=list(facts["since"]),
        snapshots=snapshots,
    )


@torch.no_grad()
def mean_loss(
    model: nn.Module, batches: list[Batch], dtype: torch.dtype, device: torch.device, loss: Loss = next_token_loss
) -> float:
    """Mean loss in nats per counted target over all batches, summed exactly: never a mean of batch means."""
    model.eval()
    total, counted = 0.0, 0
    for batch in batches:
        with autocast(dtype, device):
            total += loss(model, batch.to(device)).item()
        counted += batch.counted
    return total / counted if counted else math.nan


def put_weights(model: nn.Module, weights: Weights) -> None:
    """Copy weights of an `Outcome` into the model they came from."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in weights:
                parameter.copy_(weights[name])
