"""Several updates of one weight to one: linear, TIES, DARE.

The same numbers as `peft.utils.merge_utils`, which the tests compare with; the formulas are those of the papers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from llmlab.artifacts.errors import LabError

Method = Literal["linear", "ties", "dare", "dare-ties"]
Election = Literal["total", "frequency"]


@dataclass(frozen=True, kw_only=True)
class MergeConfig:
    """How adapters become one."""

    method: Method = "linear"
    """Weighted sum; TIES (Yadav et al. 2023, arXiv 2306.01708); DARE (Yu et al. 2023, arXiv 2311.03099); both."""
    density: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of each update's numbers that stays: the largest with `ties`, random ones with `dare` and `dare-ties`."""
    election: Election = "total"
    """Which sign wins with `ties` and `dare-ties`: the larger sum, or the more frequent one."""

    def __post_init__(self) -> None:
        """Refuse illegal pairs, naming the keys."""
        if self.method == "linear" and self.density != 1.0:
            raise LabError(
                f"a linear merge keeps all numbers, not {self.density:g} of them", "drop density, or use dare"
            )
        if self.election != "total" and self.method in ("linear", "dare"):
            raise LabError(f"{self.method} elects no sign", "drop election, or use ties or dare-ties")


def merge(
    updates: Sequence[Tensor], weights: Sequence[float], config: MergeConfig, generator: torch.Generator
) -> Tensor:
    """One update from several of the same shape.

    Args:
        updates: the updates.
        weights: the strength of each.
        config: the method.
        generator: what `dare` draws from, on the CPU.
    """
    if config.method == "ties":
        updates = [keep_largest(update, config.density) for update in updates]
    elif config.method in ("dare", "dare-ties"):
        updates = [drop_and_rescale(update, config.density, generator) for update in updates]
    stacked = torch.stack(list(updates))
    weighted = stacked * torch.tensor(list(weights), dtype=stacked.dtype).view(-1, *[1] * (stacked.ndim - 1))
    if config.method in ("linear", "dare"):
        return weighted.sum(dim=0)
    agreeing = elect(stacked, config.election)
    # The mean over those that agree: one that is silent or of the other sign does not dilute the rest.
    return (weighted * agreeing).sum(dim=0) / agreeing.sum(dim=0).clamp(min=1.0)


def keep_largest(update: Tensor, density: float) -> Tensor:
    """All but the largest `density` of the numbers set to zero (TIES, section 3.2, "trim")."""
    if density >= 1:
        return update
    kept = torch.zeros_like(update).flatten()
    kept[update.abs().flatten().topk(int(density * update.numel())).indices] = 1
    return update * kept.view_as(update)


def drop_and_rescale(update: Tensor, density: float, generator: torch.Generator) -> Tensor:
    """Each number kept with probability `density` and divided by it, so that the mean stays (DARE, section 3.1)."""
    if density >= 1:
        return update
    return update * torch.bernoulli(torch.full_like(update, density), generator=generator) / density


def elect(stacked: Tensor, election: Election) -> Tensor:
    """True where an update has the sign that wins at its place, zero counting as neither (TIES, "elect sign")."""
    signs = stacked.sign()
    votes = (stacked if election == "total" else signs).sum(dim=0)
    return signs == torch.where(votes >= 0, 1, -1)
