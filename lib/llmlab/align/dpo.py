"""Losses over pairs: the model is to prefer what was preferred, further from the reference than it was."""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.align.log_probs import log_probs
from llmlab.align.pairs import PairBatch
from llmlab.shards.batches import IGNORE, Batch

PairLoss = Literal["dpo", "dpo-norm", "ipo", "simpo"]


@dataclass(frozen=True, kw_only=True)
class PreferenceConfig:
    """What is made of a pair."""

    kind: PairLoss = "dpo"
    """`dpo`: -ln sigmoid(beta margin), the margin being the difference of the two log-ratios to the reference (Rafailov
    et al. 2023, arXiv 2305.18290, equation 7). `dpo-norm`: the same with log-ratios per token. `ipo`: (margin per token
    - 1 / 2 beta)^2 (Azar et al. 2023, arXiv 2310.12036, equation 17; per token, as its authors confirmed to TRL).
    `simpo`: log-probabilities per token, no reference, and a margin gamma (Meng et al. 2024, arXiv 2405.14734)."""
    beta: Annotated[float, Field(gt=0)] = 0.1
    """How dear it is to leave the reference; `dpo-norm` and `simpo` want it an order larger."""
    gamma: Annotated[float, Field(ge=0)] = 0.5
    """Margin of `simpo`; the other losses have none."""
    likelihood: Annotated[float, Field(ge=0)] = 0.0
    """Weight of -ln p per token of the chosen answer beside, against both answers growing unlikely (Pang et al. 2024,
    arXiv 2404.19733)."""


@dataclass(frozen=True)
class PreferenceLoss:
    """The sum over the pairs of a `PairBatch`; see `train.losses.Loss`."""

    config: PreferenceConfig

    def __call__(self, model: nn.Module, batch: Batch) -> Tensor:
        """The summed loss, a scalar with gradient."""
        assert isinstance(batch, PairBatch)
        sums_2P = log_probs(model, batch).sum(dim=1)
        lengths_2P = (batch.targets_BT != IGNORE).sum(dim=1).clamp(min=1)
        return (pair_losses(sums_2P, batch.reference_2P, lengths_2P, self.config) * batch.weights_P).sum()


def pair_losses(sums_2P: Tensor, reference_2P: Tensor, lengths_2P: Tensor, config: PreferenceConfig) -> Tensor:
    """The loss of each pair, (P,); the first half of each argument is of the chosen answers.

    Args:
        sums_2P: summed log-probabilities by the model.
        reference_2P: the same by the reference.
        lengths_2P: how many ids were summed.
        config: which loss.
    """
    score_2P = sums_2P if config.kind == "simpo" else sums_2P - reference_2P
    if config.kind != "dpo":
        score_2P = score_2P / lengths_2P
    chosen_P, rejected_P = score_2P.chunk(2)
    margin_P = chosen_P - rejected_P
    if config.kind == "ipo":
        losses_P = (margin_P - 1 / (2 * config.beta)) ** 2
    elif config.kind == "simpo":
        losses_P = -F.logsigmoid(config.beta * margin_P - config.gamma)
    else:
        losses_P = -F.logsigmoid(config.beta * margin_P)
    if config.likelihood:
        losses_P = losses_P - config.likelihood * (sums_2P / lengths_2P).chunk(2)[0]
    return losses_P


@torch.no_grad()
def margins(model: nn.Module, batch: PairBatch) -> Tensor:
    """How much more than the reference the model prefers the chosen answer, in nats, (P,)."""
    chosen_P, rejected_P = (log_probs(model, batch).sum(dim=1) - batch.reference_2P).chunk(2)
    return chosen_P - rejected_P
