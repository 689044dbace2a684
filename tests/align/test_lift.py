import numpy as np
import pytest

from llmlab.align.lift import Skill, history_report, skill_of, win_rate
from llmlab.align.rewards import RewardConfig
from llmlab.decode.sampling import SamplingConfig


def skill(rows):
    hits = np.array(rows, dtype=bool)
    return Skill(hits, hits[:, 0], hits.astype(float))


def test_a_report_is_pass_at_k_without_bias():
    found = skill([[1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [0] * 10]).report((1, 5))
    assert found == {"greedy": 0.5, "pass@1": 0.15, "pass@5": round(0.9166666667 / 2, 4), "reward": 0.15}


def test_equal_skill_wins_half_and_perfect_beats_none_always():
    half, all_, none = skill([[1, 0]] * 9), skill([[1, 1]] * 9), skill([[0, 0]] * 9)
    assert win_rate(half, half, 1) == {"mean": 0.5, "low": 0.5, "high": 0.5}
    assert win_rate(all_, none, 1)["mean"] == 1.0
    assert win_rate(none, all_, 1)["mean"] == 0.0
    assert win_rate(half, none, 1)["mean"] == 0.75


def test_the_interval_is_over_problems():
    mixed = win_rate(skill([[1, 1]] * 5 + [[0, 0]] * 5), skill([[0, 0]] * 10), 1)
    assert mixed["mean"] == 0.75
    assert 0.5 < mixed["low"] < 0.7
    assert 0.8 < mixed["high"] <= 1.0


def test_every_model_is_asked_the_same(learner, problems):
    sampling = SamplingConfig(temperature=1.0, max_new=3)
    right = lambda each: each.parts["correct"] == 1  # noqa: E731
    ask = {"drawn": 6, "seed": 2}
    one, other = (skill_of(learner(), problems, sampling, RewardConfig(), right, **ask) for _ in range(2))
    assert one.hits_PN.shape == (8, 6)
    assert np.array_equal(one.rewards_PN, other.rewards_PN)
    assert ((one.rewards_PN == 1) == one.hits_PN).all()


def test_history_says_how_much_had_no_signal():
    found = history_report([{"no_signal": 0.5, "reward": 0.1}] * 9 + [{"no_signal": 1.0, "reward": 0.9}])
    assert (found["no_signal"], found["no_signal_last"]) == (pytest.approx(0.55), 1.0)
    assert found["rewards"][-1] == 0.9
    assert history_report([]) == {}
