"""What a task asks of a model, whoever made it: likelihoods of given answers, written answers, surprise at texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.bits_per_byte import Scored
from llmlab.tasks.templates import Prompt


@dataclass(frozen=True)
class Likelihood:
    """Of an answer after a prompt: -ln p summed over its tokens, their number, and whether each was the likeliest."""

    nats: float
    tokens: int
    greedy: bool


@dataclass
class Cost:
    """Tokens that went through a model, those that it wrote, and prompts too long, which lost their beginning."""

    read: int = 0
    written: int = 0
    cut: int = 0


class Answerer(Protocol):
    """A model with its tokenizer; `cost` grows with every call."""

    cost: Cost

    @property
    def chats(self) -> bool:
        """Whether it was taught to answer turns of a chat."""
        ...

    def likelihoods(self, asked: Sequence[tuple[Prompt, str]]) -> list[Likelihood]:
        """Of each answer after its prompt, in the order given."""
        ...

    def write(self, prompts: Sequence[Prompt], sampling: SamplingConfig, stops: Sequence[str], seed: int) -> list[str]:
        """What the model writes after each prompt, up to the first of `stops`."""
        ...

    def count(self, text: str) -> int:
        """Tokens of a text."""
        ...

    def surprise(self, texts: Sequence[str], lang: str) -> Scored:
        """At each text as a document of its own."""
        ...


def divided(whole: Sequence[int], before: Sequence[int]) -> int:
    """Where the answer's ids begin in those of prompt and answer together, given the ids of the prompt alone.

    A tokenizer may join the end of one and the beginning of the other into a token, or cut differently: then the ids up
    to the first difference are the prompt's, and at least the last one is the answer's.
    """
    # Ids of the shorter may be a beginning of the longer.
    same = next((place for place, (a, b) in enumerate(zip(whole, before, strict=False)) if a != b), len(before))
    return min(same, len(whole) - 1)


def likelihoods_at(logits_NV: Tensor, answers: Sequence[Sequence[int]]) -> list[Likelihood]:
    """Of answers whose N tokens, one answer after the other, the rows of logits are about."""
    logits_NV = logits_NV.float().cpu()
    targets_N = torch.tensor([token for answer in answers for token in answer])
    losses_N = F.cross_entropy(logits_NV, targets_N, reduction="none").double()
    greedy_N = logits_NV.argmax(dim=-1) == targets_N
    sizes = [len(answer) for answer in answers]
    parts = zip(losses_N.split(sizes), greedy_N.split(sizes), sizes, strict=True)
    return [Likelihood(float(losses.sum()), size, bool(greedy.all())) for losses, greedy, size in parts]
