"""The loss over groups of answers to one prompt: more of what is better than its group, less of what is worse.

GRPO (Shao et al. 2024, arXiv 2402.03300, equations 3 and 4), with the clip range, sums and scales that later work
found to be better as options.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from llmlab.align.log_probs import log_probs, log_probs_and_entropy
from llmlab.shards.batches import IGNORE, Batch

_NO_SPREAD = 1e-4  # as in TRL: keeps a group without spread from dividing by zero
Average = Literal["tokens", "answers", "constant"]


@dataclass(frozen=True, kw_only=True)
class GroupConfig:
    """How groups are drawn, and what is made of them."""

    size: Annotated[int, Field(ge=2)] = 8
    """G, answers to each prompt."""
    scale: Literal["group", "batch", "none"] = "group"
    """Advantages are divided by the deviation of rewards in their group, in the whole step, or not at all."""
    average: Average = "tokens"
    """`answers`: mean over the tokens of an answer, then over answers, as first published. `tokens`: mean over all
    tokens of the step (DAPO, Yu et al. 2025, arXiv 2503.14476). `constant`: sum over an answer's tokens divided by the
    longest length allowed, then mean over answers (Dr. GRPO, Liu et al. 2025, arXiv 2503.20783)."""
    clip_low: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """The ratio of new to old probability counts down to 1 minus this."""
    clip_high: Annotated[float, Field(gt=0)] = 0.2
    """And up to 1 plus this."""
    kl: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the divergence from the model that training began with, estimated per token without bias (k3)."""
    entropy: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the entropy of what the model expects, which is to stay high."""
    updates: Annotated[int, Field(gt=0)] = 1
    """Updates made of the same answers; from the second on the ratio is not 1 any more, and clipping acts."""


@dataclass(frozen=True)
class GroupBatch(Batch):
    """Graded answers: `advantages_B`, and per target the log-probability when drawn and by the reference.

    Without `old_BT` the answers come from the model as it is. `longest` is the most tokens an answer may have.
    """

    advantages_B: Tensor
    old_BT: Tensor | None
    reference_BT: Tensor | None
    average: Average
    longest: int

    @property
    def counted(self) -> int:
        """What the sum of losses is divided by: tokens or answers, as `average` says."""
        return super().counted if self.average == "tokens" else len(self.advantages_B)

    def to(self, device: torch.device) -> "GroupBatch":
        """See `Batch.to`."""
        old, reference = (None if each is None else each.to(device) for each in (self.old_BT, self.reference_BT))
        return GroupBatch(
            self.ids_BT.to(device),
            self.targets_BT.to(device),
            None,
            self.name,
            self.advantages_B.to(device),
            old,
            reference,
            self.average,
            self.longest,
        )

    def cut(self, rows: int) -> "list[Batch]":
        """See `Batch.cut`."""
        return [self.part(first, first + rows) for first in range(0, len(self.ids_BT), rows)]

    def part(self, first: int, stop: int) -> "GroupBatch":
        """Rows `first` to `stop`."""
        rows = slice(first, stop)
        old, reference = (None if each is None else each[rows] for each in (self.old_BT, self.reference_BT))
        return GroupBatch(
            self.ids_BT[rows],
            self.targets_BT[rows],
            None,
            self.name,
            self.advantages_B[rows],
            old,
            reference,
            self.average,
            self.longest,
        )


@dataclass(frozen=True)
class GroupLoss:
    """The sum over a `GroupBatch`; see `train.losses.Loss`. `temperature` is that of drawing."""

    config: GroupConfig
    temperature: float = 1.0

    def __call__(self, model: nn.Module, batch: Batch) -> Tensor:
        """The summed loss, a scalar with gradient."""
        assert isinstance(batch, GroupBatch)
        counts_BT = batch.targets_BT != IGNORE
        if self.config.entropy:
            new_BT, entropy_BT = log_probs_and_entropy(model, batch, self.temperature)
        else:
            new_BT, entropy_BT = log_probs(model, batch, self.temperature), torch.zeros(())
        old_BT = new_BT.detach() if batch.old_BT is None else batch.old_BT
        losses_BT = token_losses(new_BT, old_BT, batch.advantages_B, self.config)
        if self.config.kl:
            assert batch.reference_BT is not None
            losses_BT = losses_BT + self.config.kl * divergence(new_BT, batch.reference_BT)
        losses_BT = (losses_BT - self.config.entropy * entropy_BT) * counts_BT
        if batch.average == "answers":
            return (losses_BT.sum(dim=1) / counts_BT.sum(dim=1).clamp(min=1)).sum()
        return losses_BT.sum() / (batch.longest if batch.average == "constant" else 1)


def advantages(rewards_B: Tensor, size: int, scale: Literal["group", "batch", "none"] = "group") -> Tensor:
    """How much better each answer is than its group of `size` neighbours, (B,); zero where all are worth the same."""
    groups_PG = rewards_B.view(-1, size)
    above_PG = groups_PG - groups_PG.mean(dim=1, keepdim=True)
    if scale == "group":
        above_PG = above_PG / (groups_PG.std(dim=1, keepdim=True) + _NO_SPREAD)
    elif scale == "batch":
        above_PG = above_PG / (rewards_B.std() + _NO_SPREAD)
    # Subtle: a mean of equal numbers may miss them by a last bit, which the division would blow up.
    return torch.where(without_signal(rewards_B, size)[:, None], 0.0, above_PG).flatten()


def without_signal(rewards_B: Tensor, size: int) -> Tensor:
    """Which groups of `size` are all worth the same, (P,): nothing is learned from them."""
    groups_PG = rewards_B.view(-1, size)
    return groups_PG.amax(dim=1) == groups_PG.amin(dim=1)


def token_losses(new_BT: Tensor, old_BT: Tensor, advantages_B: Tensor, config: GroupConfig) -> Tensor:
    """The clipped objective, negated, per token (Schulman et al. 2017, arXiv 1707.06347, equation 7)."""
    ratio_BT = (new_BT - old_BT).exp()
    clipped_BT = ratio_BT.clamp(1 - config.clip_low, 1 + config.clip_high)
    return -torch.minimum(ratio_BT * advantages_B[:, None], clipped_BT * advantages_B[:, None])


def divergence(new_BT: Tensor, reference_BT: Tensor) -> Tensor:
    """KL(model || reference) at each drawn id by the estimator k3 of Schulman (2020): never negative, no bias."""
    gap_BT = reference_BT - new_BT
    return gap_BT.exp() - gap_BT - 1
