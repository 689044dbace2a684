"""How far a run has come: what its steps need to know of those before, beside weights, optimizers and generators."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from torch import Tensor

from llmlab.train.guard import Spike
from llmlab.train.journal import Point
from llmlab.train.resume import TrainingState

Weights = dict[str, Tensor]


@dataclass
class Progress:
    """The loop's own state between steps; all of it is in every checkpoint."""

    micro_rows: int
    """Rows of a pass: as configured, or fewer after running out of memory."""
    step: int = 0
    tokens: int = 0
    passed_over: int = 0
    """Rows that rewinding left out: those of step n begin at n * rows + this."""
    curve: list[Point] = field(default_factory=list)
    best_loss: float = math.inf
    best_step: int = 0
    stale: int = 0
    """Validations since the best one."""
    since: list[float] = field(default_factory=lambda: [0.0, 0.0])
    """Summed loss and counted targets since the last validation."""
    recent: list[float] = field(default_factory=list)
    """Losses of the last updates, for finding spikes."""
    spikes: list[Spike] = field(default_factory=list)
    snapshots: dict[str, Weights] = field(default_factory=dict)
    """Weights of the best validation and of milestones, by label."""

    def facts(self) -> dict[str, Any]:
        """Everything but the snapshots, as JSON; there is no infinity in JSON."""
        facts = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "snapshots"}
        return {**facts, "best_loss": self.best_loss if math.isfinite(self.best_loss) else None}

    def tensors(self) -> dict[str, Tensor]:
        """The snapshots under names that `progress_from` takes apart."""
        return {
            f"snapshot/{label}/{name}": tensor
            for label, weights in self.snapshots.items()
            for name, tensor in weights.items()
        }


def _whole(_: str, tensor: Tensor) -> Tensor:
    return tensor


def progress_from(state: TrainingState, part: Callable[[str, Tensor], Tensor | None] = _whole) -> Progress:
    """What `facts` and `tensors` of a checkpoint's `Progress` were.

    `part` gives what this process keeps of a parameter's snapshot, by name and whole value; None: nothing.
    """
    snapshots: dict[str, Weights] = {}
    for name in state.tensors:
        if name.startswith("snapshot/"):
            label, _, parameter = name.removeprefix("snapshot/").rpartition("/")
            own = part(parameter, state.tensors[name])
            if own is not None:
                snapshots.setdefault(label, {})[parameter] = own
    facts = {each.name: state.facts[each.name] for each in fields(Progress) if each.name != "snapshots"}
    best = math.inf if facts["best_loss"] is None else facts["best_loss"]
    return Progress(**{**facts, "best_loss": best}, snapshots=snapshots)
