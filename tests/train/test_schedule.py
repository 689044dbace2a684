import math

import pytest

from llmlab.train.config import TrainConfig
from llmlab.train.schedule import rate


def rates(**changes):
    config = TrainConfig(**{"steps": 100, "rows": 1, "warmup": 10, **changes})
    return [rate(step, config) for step in range(config.steps)]


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
@pytest.mark.parametrize("warmup", [0, 1, 10])
@pytest.mark.parametrize("final", [0.0, 0.1])
def test_endpoints(schedule, warmup, final):
    found = rates(schedule=schedule, warmup=warmup, final_lr=final)
    if warmup:
        assert found[0] == 1 / warmup
        assert found[warmup - 1] == 1.0
        assert found[:warmup] == sorted(found[:warmup])
    assert found[-1] == pytest.approx(1.0 if schedule == "constant" else final, abs=1e-12)
    assert found[warmup:] == sorted(found[warmup:], reverse=True)
    assert all(0 <= share <= 1 for share in found)
    assert all(share > 0 for share in found[:-1])


def test_halfway():
    assert rates(schedule="linear")[54] == pytest.approx(0.5)
    assert rates(schedule="cosine")[54] == pytest.approx(0.5)
    assert rates(schedule="cosine")[32] == pytest.approx((1 + math.cos(math.pi * 23 / 90)) / 2)
    assert rates(schedule="linear", final_lr=0.2)[54] == pytest.approx(0.6)


def test_steps_past_the_end_stay_at_the_end():
    config = TrainConfig(steps=10, rows=1, warmup=2, final_lr=0.1)
    assert rate(50, config) == pytest.approx(0.1)
