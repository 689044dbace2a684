from itertools import pairwise

import pytest

from llmlab.shards.batches import StreamSource, evaluation_batches
from llmlab.train.config import TrainConfig
from llmlab.train.rate_range import RateRange, range_config, rate_range, smoothed
from llmlab.train.schedule import rate
from llmlab.train.trial import Trial
from tests.train.conftest import VOCAB, patterned


@pytest.fixture
def run(tiny, scratch):
    shape = tiny()
    source = StreamSource(patterned(900, 1), shape.context, 5, False)
    validation = evaluation_batches(patterned(100, 2), shape.context, 2, False)
    config = TrainConfig(steps=30, rows=4, micro_rows=2, warmup=2, lr=0.003, milestones=[10], threads=1)
    trial = Trial(model=shape, train=config, vocab_size=VOCAB, seed=1)

    def test(steps, up_to):
        return rate_range(trial, source, validation, steps=steps, up_to=up_to, scratch=scratch)

    return test


def test_the_rate_grows_by_the_same_amount_with_every_step():
    config = range_config(TrainConfig(steps=500, rows=8, lr=0.01, muon_lr=0.02, schedule="cosine"), 101, 5)
    found = [config.lr * rate(step, config) for step in range(101)]
    assert found[0] == pytest.approx(0.0005)
    assert [later - earlier for earlier, later in pairwise(found[:100])] == pytest.approx([5e-4] * 99)
    assert found[-1] == found[-2] == pytest.approx(0.05)
    assert config.muon_lr == pytest.approx(0.1)


def test_too_short_a_test_is_refused(refuses):
    refuses(["5 steps"], range_config, TrainConfig(steps=30, rows=1), 5, 10)


def test_smoothing_is_without_bias():
    assert smoothed([3.0] * 50) == pytest.approx([3.0] * 50)
    assert smoothed([1.0, 0.0])[0] == 1.0


def test_lowest_and_suggested():
    losses = [5.0, 4.8, 3.0, 2.0, 2.5, 4.5]
    found = RateRange([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], losses, losses, "")
    assert (found.lowest, found.suggested, found.bounded) == (4.0, 3.0, True)
    falling = RateRange([1.0, 2.0], [3.0, 2.0], [3.0, 2.0], "")
    assert (falling.lowest, falling.bounded) == (2.0, False)


def test_a_rate_that_is_far_too_large_ends_the_test_and_bounds_it(run, scratch):
    found = run(60, 2000.0)
    assert found.ended
    assert found.bounded
    assert len(found.losses) == len(found.multiples) < 60
    assert 0 < found.suggested <= found.lowest < found.multiples[-1]
    assert not scratch.exists()


def test_tiny_rates_find_no_bound_and_the_whole_test_runs(run):
    found = run(40, 0.5)
    assert (len(found.losses), found.ended) == (40, "")
    assert found.smooth[-1] < found.smooth[0]
    assert not found.bounded
