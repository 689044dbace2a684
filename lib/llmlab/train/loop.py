"""The only training loop: pretraining, SFT and LoRA differ in what they hand to it."""

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.lock import exclusive
from llmlab.runtime.distributed import anyone, first, world
from llmlab.runtime.precision import compute_dtype
from llmlab.shards.batches import Batch, BatchSource, RememberingSource
from llmlab.train.config import TrainConfig
from llmlab.train.groups import set_rate
from llmlab.train.guard import Spike, broken_gradients, find_spike, refuse_too_many, smaller_pass
from llmlab.train.journal import Journal, Point, Update
from llmlab.train.loggers import make_loggers
from llmlab.train.losses import Loss, next_token_loss
from llmlab.train.parallel import make_team
from llmlab.train.progress import Progress, Weights, progress_from
from llmlab.train.repeatable import repeatable
from llmlab.train.resume import (
    TrainingState,
    capture,
    computed_by,
    newest_state,
    put_random_state,
    random_state,
    refuse_other_computing,
    restore,
    save_state,
)
from llmlab.train.schedule import rate
from llmlab.train.signals import stop_requests, stopped

_HELD = "source/"
Measure = Callable[[nn.Module], float]


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
    spikes: list[Spike] = field(default_factory=list)


class _Gradient(NamedTuple):
    """What a step's gradient came from: mean loss over `counted` targets, norm before clipping, the rows."""

    mean: float
    norm: float
    counted: int
    rows: str


def train(  # noqa: PLR0913 - every way in that a technique may take
    model: nn.Module,
    source: BatchSource,
    validation: list[Batch],
    config: TrainConfig,
    *,
    scratch: Path,
    name: str = "train",
    loss: Loss = next_token_loss,
    measure: Measure | None = None,
    after_step: Callable[[int], None] | None = None,
) -> Outcome:
    """Train the parameters of `model` that require gradients.

    Args:
        model: on its device, with its initial weights; changed in place.
        source: batches to learn from.
        validation: batches whose mean loss picks the best weights.
        config: how.
        scratch: folder of this very run, keyed by all that shapes its result; a run that was killed goes on from it.
            One from `run_folder` also says where live curves go (`loggers.py`).
        name: for the progress line.
        loss: sum over counted targets.
        measure: what a validation is instead of the mean loss over `validation`, lower being better, where the loss
            says nothing about that (rewards); `validation` may then be empty.
        after_step: called with the number of finished updates (tests kill the process there).

    Raises:
        LabError: a loss or gradient that is not finite; the update is not made, the last good state is saved. Or
            SIGTERM came: the step is finished and saved. Or `validation` counts no target.
    """
    # The lock lies beside the checkpoints, so that two copies of the project with one scratch root do not mix them.
    lock = exclusive(scratch.with_name(f"{scratch.name}.lock"), name) if first() else nullcontext()
    exact = repeatable(config.compile, next(model.parameters()).device)
    loggers = make_loggers(scratch) if first() else []
    with lock, Journal(config.steps, name, loggers, silent=not first()) as journal, stop_requests() as asked, exact:
        run = _Run(model, source, validation, config, scratch, loss, measure)
        journal.start(run.at.step)
        while not run.finished:
            run.take_step(journal)
            if after_step is not None:
                after_step(run.at.step)
            if anyone(asked.name is not None) and not run.finished:
                run.save()
                stopped(asked.name or "another process was", run.at.step)
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
        measure: Measure | None,
    ) -> None:
        self.model, self.source, self.validation, self.measure = model, source, validation, measure
        self.config, self.scratch = config, scratch
        self.device = next(model.parameters()).device
        self.dtype = compute_dtype(config.precision, self.device)
        # Compiled with the model in it: apart from it, the logits of a large vocabulary pass through memory in fp32.
        self.team = make_team(model, torch.compile(loss) if config.compile else loss, config, self.dtype)
        self.optimizers = self.team.optimizers
        self.random = random_state()
        if measure is None and not any(batch.counted for batch in validation):
            raise LabError("the validation set has no target to count", "give it more text or examples")
        self.at = Progress(micro_rows=config.micro_rows or config.rows)
        saved = newest_state(scratch)
        if saved is not None:
            refuse_other_computing(saved, computed_by(self.dtype, self.device))
            self._go_back(saved)
            print(f"resumed at step {self.at.step} from {scratch.name[:12]}{_other_world(saved)}")
        elif config.spike == "rewind":
            self.save()

    @property
    def finished(self) -> bool:
        """All steps done, or no better validation for `patience` of them."""
        return self.at.step >= self.config.steps or (0 < self.config.patience <= self.at.stale)

    def take_step(self, journal: Journal) -> None:
        """One update, and whatever is due after it: validation, milestone, checkpoint."""
        config, at = self.config, self.at
        share = rate(at.step, config)
        set_rate(self.optimizers, share)
        gradient = self._gradients()
        spike = find_spike(at.step + 1, gradient.mean, at.recent, gradient.rows, config)
        if spike is None:
            self._update(gradient)
        else:
            self._pass_over(spike)
            if config.spike == "rewind":
                journal.start(self.at.step)
                return
        at.step += 1
        journal.step(at.step, gradient.counted, self._log_of(gradient, share))
        if at.step % config.validate_every == 0 or at.step == config.steps:
            self._validate(share, gradient.norm, journal)
        if at.step in config.milestones:
            at.snapshots[f"milestone/{at.step}"] = self.team.weights()
        if at.step % config.checkpoint_every == 0 and not self.finished:
            self.save()

    def _gradients(self) -> _Gradient:
        """Fill gradients with those of the mean loss over all counted targets of the step."""
        config, at = self.config, self.at
        first_row = at.step * config.rows + at.passed_over
        self.random = random_state()
        while True:
            passes = self.team.passes(first_row, at.micro_rows)
            batches = [self.source.batch(start, rows) for start, rows in passes]
            try:
                return self._passes(batches)
            except torch.OutOfMemoryError:
                if world() > 1:
                    raise  # the others wait in the middle of this step
                smaller = smaller_pass(at.micro_rows, config.rows)
            # Out here the error is gone, and with it the frames that held the failed pass's activations.
            print(f"out of memory with {at.micro_rows} rows per pass: on with {smaller}, the same {config.rows} a step")
            at.micro_rows = smaller
            self._free()

    def _passes(self, batches: list[Batch]) -> _Gradient:
        counted = self.team.counted(batches)
        if counted == 0:
            raise LabError(f"no target is counted in {batches[0].name}", "raise `rows`, or lengthen the examples")
        self.team.drop_gradients()
        self.model.train()
        total = 0.0
        for where, value in self.team.backward(batches, counted):
            if not math.isfinite(value):
                self._stop(f"the loss is {value}", where)
            total += value
        rows = ", ".join(batch.name for batch in batches)
        norm = self.team.norm()
        if not norm.isfinite():
            self._stop(f"the gradient norm is {norm.item()} ({broken_gradients(self.model)})", rows)
        self.team.clip(norm)
        return _Gradient(total / counted, norm.item(), counted, rows)

    def _update(self, gradient: _Gradient) -> None:
        at = self.at
        self.team.step()
        at.tokens += gradient.counted
        at.since = [at.since[0] + gradient.mean * gradient.counted, at.since[1] + gradient.counted]
        if self.config.spike != "off":
            at.recent = [*at.recent, gradient.mean][-self.config.spike_window :]

    def _pass_over(self, spike: Spike) -> None:
        """Leave the update out; to rewind, go back to the last checkpoint on schedule and on after the spike's rows."""
        config, at = self.config, self.at
        spikes = [*at.spikes, spike]
        refuse_too_many(spikes, config)
        at.spikes = spikes
        done = f"the loss jumped to {spike['loss']:.3f} from about {spike['usual']:.3f} at step {spike['step']}"
        if config.spike == "skip":
            print(f"{done}, in {spike['batch']}: that update is left out")
            return
        saved = newest_state(self.scratch, self._last_scheduled)
        if saved is None:
            raise LabError(f"{done}, and no checkpoint before it is whole", "set `spike: skip`, or lower the rates")
        next_row = (at.step + 1) * config.rows + at.passed_over
        self._go_back(saved)
        self.at.passed_over = next_row - self.at.step * config.rows
        self.at.spikes = spikes
        print(f"{done}: back to step {self.at.step}, and on after {spike['batch']}")

    def _go_back(self, saved: TrainingState) -> None:
        restore(saved, self.model, self.optimizers)
        self.at = progress_from(saved, self.team.own_part)
        if isinstance(self.source, RememberingSource):
            held = {name: tensor for name, tensor in saved.tensors.items() if name.startswith(_HELD)}
            self.source.hold({name.removeprefix(_HELD): tensor for name, tensor in held.items()})

    @property
    def _last_scheduled(self) -> int:
        """The last step that saves by schedule: where rewinding goes, whatever was saved by a signal since."""
        return self.at.step - self.at.step % self.config.checkpoint_every

    def _free(self) -> None:
        """Forget a failed try at a step: its gradients, its memory, what it drew."""
        self.team.drop_gradients()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.validation = [piece for batch in self.validation for piece in batch.cut(self.at.micro_rows)]
        put_random_state(self.random)

    def _validate(self, share: float, norm: float, journal: Journal) -> None:
        at = self.at
        value = self.team.mean_loss(self.validation) if self.measure is None else self.measure(self.model)
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
            at.snapshots["best"] = self.team.weights()
        else:
            at.stale += 1
        journal.validated(point)

    def _log_of(self, gradient: _Gradient, share: float) -> Update:
        lr = self.config.lr * share
        return {"tokens": self.at.tokens, "loss": gradient.mean, "grad_norm": gradient.norm, "lr": lr}

    def save(self) -> None:
        """Write a checkpoint of the state between two steps."""
        at = self.at
        facts = {**at.facts(), "computed": computed_by(self.dtype, self.device), "processes": world()}
        state = capture(at.step, self.model, self.optimizers, facts, copy=False)
        own = {name: tensor for name, tensor in state.tensors.items() if name.startswith(self.team.stores)}
        if isinstance(self.source, RememberingSource):
            own |= {_HELD + name: tensor for name, tensor in self.source.held().items()}
        save_state(replace(state, tensors={**own, **at.tensors()}), self.scratch, self._last_scheduled)

    def _stop(self, problem: str, where: str) -> None:
        # Weights that are themselves no numbers must not push the last good state out.
        if not anyone(not self.team.is_finite()):
            put_random_state(self.random)
            self.save()
        raise LabError(
            f"{problem} at step {self.at.step + 1}, in {where}; the update was not made, the last good state is kept",
            "lower the learning rate or raise `warmup`; look at that batch",
        )

    def _gathered(self) -> tuple[Weights, dict[str, Weights]]:
        """The last weights and the snapshots, whole, for the first process: a checkpoint is where all parts meet."""
        self.save()
        state = newest_state(self.scratch)
        if state is None or not first():
            return {}, {}
        own = [name for name in state.tensors if name.startswith("model/")]
        return {name.removeprefix("model/"): state.tensors[name] for name in own}, progress_from(state).snapshots

    def outcome(self, journal: Journal) -> Outcome:
        """Curves and weights of the finished run."""
        at, last = self.at, self.team.weights()
        if world() > 1:
            last, at.snapshots = self._gathered()
        milestones = {int(k.split("/")[1]): v for k, v in at.snapshots.items() if k.startswith("milestone/")}
        return Outcome(
            at.curve,
            at.best_step,
            at.snapshots.get("best", last),
            last,
            milestones,
            at.tokens,
            at.step < self.config.steps,
            journal.tokens_per_second(),
            at.spikes,
        )


def _other_world(state: TrainingState) -> str:
    """A word when the run goes on in another number of processes: then it ends with other last bits."""
    before = state.facts["processes"]
    return "" if before == world() else f", of {before} processes, in {world()}: alike to rounding"


def put_weights(model: nn.Module, weights: Weights) -> None:
    """Copy weights of an `Outcome` into the model they came from."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in weights:
                parameter.copy_(weights[name])
