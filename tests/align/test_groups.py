import copy

import pytest
import torch

from llmlab.align.groups import GroupSource
from llmlab.align.grpo import GroupConfig, GroupLoss, advantages
from llmlab.align.log_probs import log_probs
from llmlab.align.rewards import RewardConfig
from llmlab.align.rounds import Drawing
from llmlab.decode.sampling import SamplingConfig
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train


@pytest.fixture
def make(problems):
    drawing = Drawing(problems, SamplingConfig(temperature=1.0, max_new=3), RewardConfig(), 4, 9)

    def source(model, rows=16, **config):
        reference = copy.deepcopy(model).eval() if config.get("kl") else None
        return GroupSource(model, drawing, GroupConfig(size=4, **config), rows, reference)

    return source


def run(model, source, scratch, *, kill=None, **config):
    shape = {"steps": 8, "rows": 16, "lr": 0.01, "warmup": 1, "validate_every": 4, "checkpoint_every": 3, "threads": 1}

    def after(step):
        if step == kill:
            raise KeyboardInterrupt

    return train(
        model, source, [], TrainConfig(**{**shape, **config}), scratch=scratch, loss=GroupLoss(source._config),
        measure=lambda _: 0.0, after_step=after,
    )  # fmt: skip


def test_advantages_belong_to_the_groups(learner, make):
    source = make(learner())
    batch = source.batch(0, 16)
    rewards = torch.tensor([each.reward for each in make(learner()).rounds.draw(0)])
    assert torch.equal(batch.advantages_B, advantages(rewards, 4))
    assert batch.old_BT is None
    assert batch.reference_BT is None


def test_passes_are_parts_of_one_round(learner, make):
    whole, source = make(learner()).batch(16, 16), make(learner())
    parts = [source.batch(16, 8), source.batch(24, 8)]
    assert torch.equal(torch.cat([part.ids_BT for part in parts]), whole.ids_BT)
    assert len(source.rounds.history) == 1


def test_old_and_reference_are_the_model_when_it_drew(learner, make):
    model = learner()
    source = make(model, updates=2, kl=0.1)
    batch = source.batch(0, 16)
    own = log_probs(model, batch).detach()
    assert torch.allclose(batch.old_BT, own, atol=1e-6)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1)
    again = source.batch(16, 16)
    assert torch.equal(again.ids_BT, batch.ids_BT)
    assert not torch.allclose(log_probs(model, again), again.old_BT, atol=1e-2)
    later = source.batch(32, 16)
    assert torch.allclose(log_probs(model, later), later.old_BT, atol=1e-6)
    assert not torch.allclose(later.old_BT, later.reference_BT, atol=1e-2)


def test_the_reward_rises(learner, make, scratch):
    model = learner()
    source = make(model)
    run(model, source, scratch, steps=60, lr=0.02, checkpoint_every=1000)
    rewards = [each["reward"] for each in source.rounds.history]
    assert sum(rewards[-10:]) / 10 > sum(rewards[:10]) / 10 + 0.2


@pytest.mark.parametrize("kill", [3, 5])
def test_a_killed_run_ends_with_the_same_bits(learner, make, scratch, kill):
    """Killed at step 5 of rounds of three updates: the answers of the round are in the checkpoint of step 3."""
    config = {"updates": 3, "kl": 0.05}
    model = learner()
    source = make(model, **config)
    expected = run(model, source, scratch / "whole")
    broken = learner()
    with pytest.raises(KeyboardInterrupt):
        run(broken, make(broken, **config), scratch / "killed", kill=kill, checkpoint_every=2)
    fresh = learner()
    resumed = make(fresh, **config)
    found = run(fresh, resumed, scratch / "killed")
    assert all(torch.equal(tensor, found.last[name]) for name, tensor in expected.last.items())
    assert resumed.rounds.history == source.rounds.history
