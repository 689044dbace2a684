"""Answers to imitate as rows of the loop: demonstrations, or the best of what a model wrote itself."""

from collections.abc import Sequence

import numpy as np

from llmlab.align.problems import Problems
from llmlab.align.rollouts import Rollout
from llmlab.artifacts.errors import LabError
from llmlab.shards.batches import PackedSource
from llmlab.tokenizer.special import PAD


def demonstrations(problems: Problems, context: int, seed: int) -> PackedSource:
    """Supervised fine-tuning on the problems' own answers."""
    return answers_source(problems, list(enumerate(problems.answers)), context, seed)


def best_answers(rollouts: Sequence[Rollout], size: int, floor: float) -> list[Rollout]:
    """Rejection sampling: the best of each `size` answers to a prompt, when it is worth `floor` at least.

    Of several that are equally good the first, which is as good as a random one.
    """
    groups = (rollouts[first : first + size] for first in range(0, len(rollouts), size))
    best = (max(group, key=lambda each: each.reward) for group in groups)
    return [each for each in best if each.reward >= floor]


def answers_source(
    problems: Problems, answers: Sequence[tuple[int, Sequence[int]]], context: int, seed: int
) -> PackedSource:
    """Rows of prompts with answers, given as problem number and ids; the loss counts the answers alone.

    Raises:
        LabError: no answer with its prompt fits into a row.
    """
    documents, masks = [], []
    for number, ids in answers:
        prompt = problems.prompts[number]
        whole = np.array([*prompt, *ids])
        if len(whole) <= context + 1:
            documents.append(whole)
            masks.append(np.arange(len(whole)) >= len(prompt))
    if not documents:
        raise LabError(
            f"none of {len(answers)} answers is good enough and fits into {context} tokens",
            "lower `floor`, draw more answers, or raise `model.context`",
        )
    return PackedSource(documents, masks, context, seed, problems.tokenizer.special[PAD])
