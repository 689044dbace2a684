"""What a model can do, problem by problem, and how much that moved: pass@k, win rate, the price in bits per byte."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llmlab.align.problems import Problems
from llmlab.align.rewards import RewardConfig
from llmlab.align.rollouts import Rollout, roll_out
from llmlab.artifacts.metrics import rounded
from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.bootstrap import interval
from llmlab.evals.pass_at_k import mean_pass_at_k
from llmlab.model.transformer import Transformer
from llmlab.runtime.seed import numpy_generator, torch_generator

Solved = Callable[[Rollout], bool]


@dataclass(frozen=True)
class Skill:
    """Whether each of `drawn` answers to each problem is right, (P, drawn); and the likeliest answer to each, (P,)."""

    hits_PN: np.ndarray
    greedy_P: np.ndarray
    rewards_PN: np.ndarray

    def report(self, ks: Sequence[int] = (1, 8)) -> dict[str, float]:
        """Exact figures: the share right of likeliest answers, pass@k without bias, the mean reward."""
        drawn, right = self.hits_PN.shape[1], self.hits_PN.sum(axis=1).tolist()
        passes = {f"pass@{k}": rounded(mean_pass_at_k(right, drawn, k), 4) for k in ks}
        greedy, reward = float(self.greedy_P.mean()), float(self.rewards_PN.mean())
        return {"greedy": rounded(greedy, 4), **passes, "reward": rounded(reward, 4)}


def skill_of(
    model: Transformer,
    problems: Problems,
    sampling: SamplingConfig,
    reward: RewardConfig,
    solved: Solved,
    *,
    drawn: int,
    seed: int,
) -> Skill:
    """Ask everything once by the likeliest answer and `drawn` times by chance; the same seed for every model."""
    numbers = range(len(problems.prompts))
    likeliest = SamplingConfig(temperature=0, max_new=sampling.max_new)
    greedy = roll_out(model, problems, numbers, likeliest, reward, torch_generator(seed, "greedy"))
    repeated = [number for number in numbers for _ in range(drawn)]
    chance = roll_out(model, problems, repeated, sampling, reward, torch_generator(seed, "lift"))
    shape = (len(numbers), drawn)
    return Skill(
        np.array([solved(each) for each in chance]).reshape(shape),
        np.array([solved(each) for each in greedy]),
        np.array([each.reward for each in chance]).reshape(shape),
    )


def win_rate(after: Skill, before: Skill, seed: int) -> dict[str, float]:
    """How often an answer of the one beats an answer of the other by the verifier; a tie is half a win.

    Every answer meets every answer to the same problem. The interval is a bootstrap over problems, 95%.
    """
    ours, theirs = after.hits_PN.mean(axis=1), before.hits_PN.mean(axis=1)
    wins_P = ours * (1 - theirs) + (ours * theirs + (1 - ours) * (1 - theirs)) / 2
    low, high = interval(lambda chosen: float(wins_P[chosen].mean()), len(wins_P), numpy_generator(seed, "win rate"))
    return {"mean": rounded(float(wins_P.mean()), 4), "low": rounded(low, 4), "high": rounded(high, 4)}


def history_report(history: Sequence[dict[str, float]]) -> dict[str, Any]:
    """The share of groups without signal, over all rounds and in the last tenth of them; nothing without rounds."""
    if not history:
        return {}
    last = history[-max(1, len(history) // 10) :]
    means = {
        name: rounded(float(np.mean([each["no_signal"] for each in part])), 4)
        for name, part in {"no_signal": history, "no_signal_last": last}.items()
    }
    return {**means, "rewards": [rounded(each["reward"], 4) for each in history]}
