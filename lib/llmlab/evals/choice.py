"""Multiple choice by likelihood: the model's answer is the choice that it finds likeliest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from llmlab.evals.answerer import Answerer
from llmlab.tasks.base import Example
from llmlab.tasks.templates import Prompt

# Sums of the same logarithms in another order differ in the last digits only.
_SAME = 1e-6


@dataclass(frozen=True)
class Chosen:
    """Credit per question, (N,): by the likelihood of a whole choice, and by that of a character of it."""

    plain: list[float]
    normalised: list[float]
    chance: list[float]


def choose(answerer: Answerer, examples: Sequence[Example], prompts: Sequence[Prompt]) -> Chosen:
    """Ask for the likelihood of every choice of every prompt.

    `normalised` divides by the characters of a choice, so that a long one is not worse for being long (Gao et al.,
    lm-evaluation-harness, `acc_norm`).
    """
    asked = [(prompt, choice) for prompt in prompts for choice in prompt.choices]
    nats = iter(likelihood.nats for likelihood in answerer.likelihoods(asked))
    scores = [[-next(nats) for _ in prompt.choices] for prompt in prompts]
    plain, normalised = [], []
    for example, prompt, values in zip(examples, prompts, scores, strict=True):
        lengths = [max(1, len(choice.strip())) for choice in prompt.choices]
        plain.append(credit(values, example.gold))
        normalised.append(credit([value / length for value, length in zip(values, lengths, strict=True)], example.gold))
    return Chosen(plain, normalised, [1 / len(prompt.choices) for prompt in prompts])


def credit(scores: Sequence[float], gold: int) -> float:
    """1 when the right choice alone scores highest, 1/n when n tie with it (a half for two), else 0.

    Taking the first of equals would give full marks to a model that finds everything alike wherever the right choice is
    listed first.
    """
    best = max(scores)
    ties = sum(math.isclose(score, best, rel_tol=_SAME) for score in scores)
    return 1 / ties if math.isclose(scores[gold], best, rel_tol=_SAME) else 0.0
