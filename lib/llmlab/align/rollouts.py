"""Answers drawn from a model and graded: the raw material of every method here."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from llmlab.align.problems import Problems
from llmlab.align.rewards import Parts, RewardConfig, total
from llmlab.decode.engine import generate
from llmlab.decode.sampling import SamplingConfig
from llmlab.model.transformer import Transformer

_AT_ONCE = 512


@dataclass(frozen=True)
class Rollout:
    """One answer: which problem it is to, its ids (the closing one included), its text, and what it is worth."""

    problem: int
    ids: list[int]
    text: str
    ended: bool
    parts: Parts
    reward: float


def roll_out(
    model: Transformer,
    problems: Problems,
    numbers: Sequence[int],
    sampling: SamplingConfig,
    reward: RewardConfig,
    generator: torch.Generator,
) -> list[Rollout]:
    """One answer to each of the problems `numbers`, in their order; the model's mode is left as it was."""
    training = model.training
    model.eval()
    found: list[Rollout] = []
    closing = sorted(problems.stop)
    for first in range(0, len(numbers), _AT_ONCE):
        chunk = numbers[first : first + _AT_ONCE]
        prompts = [problems.prompts[number] for number in chunk]
        drawn = generate(
            model, prompts, sampling, generator, stop=closing, banned=problems.banned, finished=problems.finished
        )
        for number, item in zip(chunk, drawn, strict=True):
            ended = item.reason != "length"
            text = problems.tokenizer.decode(item.ids)
            parts = problems.grade(number, text, ended)
            ids = [*item.ids, closing[0]] if item.reason == "stop" else item.ids
            found.append(Rollout(number, ids, text, ended, parts, total(parts, reward)))
    model.train(training)
    return found


def forward_positions(problems: Problems, rollouts: Sequence[Rollout]) -> int:
    """Positions that the model read to write them: each prompt once per answer, and the answers themselves."""
    return sum(len(problems.prompts[each.problem]) + len(each.ids) for each in rollouts)
