"""Answers of the model as it is, a round at a time, with the figures of every round."""

from collections.abc import Mapping
from dataclasses import fields
from statistics import fmean
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from llmlab.align.grpo import without_signal
from llmlab.align.problems import Problems
from llmlab.align.rewards import RewardConfig
from llmlab.align.rollouts import Rollout, forward_positions, roll_out
from llmlab.artifacts.errors import LabError
from llmlab.decode.sampling import SamplingConfig
from llmlab.model.transformer import Transformer
from llmlab.runtime.seed import derive, torch_generator

PARTS = tuple(each.name for each in fields(RewardConfig))
FIGURES = ("reward", "no_signal", "ended", "length", "forward", "trained", *PARTS)


class Drawing(NamedTuple):
    """How answers are drawn and marked: `size` of them to each prompt."""

    problems: Problems
    sampling: SamplingConfig
    reward: RewardConfig
    size: int
    seed: int


class Rounds:
    """Round n asks the next prompts of an endless, shuffled order; what is drawn depends on n and the model alone."""

    def __init__(self, model: Transformer, drawing: Drawing, rows: int) -> None:
        """Rounds of `rows` answers.

        Raises:
            LabError: `rows` is no multiple of the group's size.
        """
        if rows % drawing.size:
            raise LabError(f"rows {rows} is not a multiple of {drawing.size} answers a prompt", "change one of the two")
        self._model, self._drawing, self._prompts = model, drawing, rows // drawing.size
        self.history: list[dict[str, float]] = []

    def draw(self, number: int) -> list[Rollout]:
        """The answers of a round, those to one prompt side by side; its figures become entry `number` of `history`."""
        drawing = self._drawing
        chosen = self.numbers(number * self._prompts, self._prompts)
        asked = [problem for problem in chosen for _ in range(drawing.size)]
        generator = torch_generator(drawing.seed, f"rollouts/{number}")
        rollouts = roll_out(self._model, drawing.problems, asked, drawing.sampling, drawing.reward, generator)
        self.history = [*self.history[:number], figures(rollouts, drawing)]
        return rollouts

    def count(self, forward: int, trained: int) -> None:
        """Add positions to the last round's figures: read to judge its answers, and learned from."""
        last = self.history[-1]
        more = {"forward": last["forward"] + forward, "trained": last["trained"] + trained}
        self.history = [*self.history[:-1], {**last, **more}]

    def numbers(self, first: int, count: int) -> list[int]:
        """Which problems stand at places `first` to `first + count` of the endless order."""
        size = len(self._drawing.problems.prompts)
        order = derive(self._drawing.seed, "order of problems")
        epochs = {place // size for place in range(first, first + count)}
        shuffled = {each: np.random.Generator(np.random.PCG64([order, each])).permutation(size) for each in epochs}
        return [int(shuffled[place // size][place % size]) for place in range(first, first + count)]

    def held(self) -> dict[str, Tensor]:
        """See `RememberingSource.held`."""
        rows = [[entry[name] for name in FIGURES] for entry in self.history]
        return {"history": torch.tensor(rows, dtype=torch.float64).view(len(rows), len(FIGURES))}

    def hold(self, tensors: Mapping[str, Tensor]) -> None:
        """See `RememberingSource.hold`."""
        rows = tensors["history"].tolist()
        self.history = [dict(zip(FIGURES, row, strict=True)) for row in rows]


def figures(rollouts: list[Rollout], drawing: Drawing) -> dict[str, float]:
    """Means over the answers of a round; `no_signal` is the share of groups that are all worth the same.

    `forward` counts the positions read to write them, `trained` those learned from so far. Parts that the problems do
    not have are 0.
    """
    rewards_B = torch.tensor([each.reward for each in rollouts], dtype=torch.float64)
    return {
        "reward": float(rewards_B.mean()),
        "no_signal": float(without_signal(rewards_B, drawing.size).double().mean()),
        "ended": fmean(each.ended for each in rollouts),
        "length": fmean(len(each.ids) for each in rollouts),
        "forward": float(forward_positions(drawing.problems, rollouts)),
        "trained": 0.0,
        **{name: fmean(each.parts.get(name, 0.0) for each in rollouts) for name in PARTS},
    }
