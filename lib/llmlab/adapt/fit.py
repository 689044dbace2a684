"""Train an adapter through the one loop: in one go, or with the ranks moved once on the way."""

from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from llmlab.adapt.adaptive import move_ranks
from llmlab.adapt.config import LoraConfig
from llmlab.adapt.recipe import split_steps
from llmlab.shards.batches import Batch, BatchSource
from llmlab.train.config import TrainConfig
from llmlab.train.journal import Point
from llmlab.train.loop import Outcome, train
from llmlab.train.losses import Loss, next_token_loss

_SCORED = 8  # steps' worth of rows that the importance is measured on


@dataclass(frozen=True)
class Later:
    """A source from a row on, for a run that goes on where another ended."""

    source: BatchSource
    first: int

    def batch(self, position: int, rows: int) -> Batch:
        """See `BatchSource.batch`."""
        return self.source.batch(self.first + position, rows)

    @property
    def rows_per_epoch(self) -> int:
        """See `BatchSource.rows_per_epoch`."""
        return self.source.rows_per_epoch


def fit(
    model: nn.Module,
    adapter: LoraConfig,
    source: BatchSource,
    validation: list[Batch],
    config: TrainConfig,
    *,
    scratch: Path,
    name: str,
    loss: Loss = next_token_loss,
) -> tuple[Outcome, LoraConfig]:
    """Train what requires gradients in `model`, and return the outcome with the shape that the adapter has then.

    With `adapter.mean_rank` the first `adapter.probe` of the steps run at the full rank and a constant rate; then
    `move_ranks` acts, and the other steps run with the schedule of `config`, on the rows that follow. Both runs have
    their own checkpoints, so that one that was killed goes on with the same bits.

    Args:
        model: with the adapter on it; changed in place.
        adapter: its shape.
        source: as `train`.
        validation: as `train`.
        config: for all steps together.
        scratch: as `train`.
        name: as `train`.
        loss: as `train`.

    Raises:
        LabError: as `train`, or too few steps for two runs.
    """
    if adapter.mean_rank is None:
        return train(model, source, validation, config, scratch=scratch, name=name, loss=loss), adapter
    first, rest = split_steps(adapter, config)
    before = replace(config, steps=first, schedule="constant", milestones=[], patience=0)
    probed = train(model, source, validation, before, scratch=scratch / "probe", name=f"{name} probe", loss=loss)
    size = config.micro_rows or config.rows
    scored = [source.batch(row, size) for row in range(0, config.rows * min(first, _SCORED), size)]
    shape = move_ranks(model, adapter, scored, loss)
    steps = [step - first for step in config.milestones if step > first]
    after = replace(config, steps=rest, milestones=steps)
    later = Later(source, first * config.rows)
    outcome = train(model, later, validation, after, scratch=scratch / "moved", name=name, loss=loss)
    return _joined(probed, outcome, first), shape


def _joined(probed: Outcome, outcome: Outcome, first: int) -> Outcome:
    """One outcome of both runs: the curve goes through, the weights are those of the second."""
    later: list[Point] = [
        {**point, "step": point["step"] + first, "tokens": point["tokens"] + probed.tokens} for point in outcome.curve
    ]
    return replace(
        outcome,
        curve=probed.curve + later,
        best_step=outcome.best_step + first,
        milestones={step + first: weights for step, weights in outcome.milestones.items()},
        tokens=outcome.tokens + probed.tokens,
    )
