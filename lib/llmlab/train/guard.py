"""What stands between a bad step and the weights: loss spikes, numbers that are not finite, memory that runs out."""

from collections.abc import Sequence
from statistics import median
from typing import TypedDict

from torch import nn

from llmlab.artifacts.errors import LabError
from llmlab.train.config import TrainConfig

# A normal distribution's standard deviation is this many median absolute deviations.
_SIGMA = 1.4826
# At a plateau losses may hardly differ; then this share of the median counts as one deviation.
_LEAST = 0.01


class Spike(TypedDict):
    """A step whose update was not made: its number, its loss and the usual one in nats per token, its rows."""

    step: int
    loss: float
    usual: float
    batch: str


def find_spike(step: int, loss: float, recent: Sequence[float], batch: str, config: TrainConfig) -> Spike | None:
    """The spike that `loss` is against the `spike_window` losses of updates before it, or None.

    Median and median absolute deviation, since a mean would move with the very spike it is to find. Until the window
    is full nothing is a spike.
    """
    if config.spike == "off" or len(recent) < config.spike_window:
        return None
    usual = median(recent)
    deviation = max(_SIGMA * median(abs(each - usual) for each in recent), _LEAST * usual)
    if loss <= usual + config.spike_above * deviation:
        return None
    return {"step": step, "loss": round(loss, 6), "usual": round(usual, 6), "batch": batch}


def refuse_too_many(spikes: Sequence[Spike], config: TrainConfig) -> None:
    """End a run that keeps spiking.

    Raises:
        LabError: there are more than `spike_limit`: then it is not the rows that are at fault.
    """
    if len(spikes) > config.spike_limit:
        last = spikes[-1]
        raise LabError(
            f"the loss jumped {len(spikes)} times, last at step {last['step']} to {last['loss']:.3f} from about "
            f"{last['usual']:.3f}, in {last['batch']}; the last good state is kept",
            "lower the learning rate or raise `warmup`; with sound data raise `spike_above` or `spike_limit`",
        )


def broken_gradients(model: nn.Module) -> str:
    """The first parameters whose gradient is not finite, by name, for the message."""
    names = [name for name, p in model.named_parameters() if p.grad is not None and not p.grad.isfinite().all()]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def smaller_pass(micro_rows: int, rows: int) -> int:
    """The rows of a pass after one of `micro_rows` ran out of memory: at most half, and a divisor of `rows`.

    Raises:
        LabError: a pass of one row was too much.
    """
    if micro_rows == 1:
        raise LabError(
            "the device ran out of memory with one row per pass",
            "set `model.gradient_checkpointing: true`, `precision: bf16`, or a smaller `model.context` or `depth`",
        )
    return next(size for size in range(micro_rows // 2, 0, -1) if rows % size == 0)
