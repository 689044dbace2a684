import copy

import torch

from llmlab.align.dpo import PreferenceConfig, PreferenceLoss
from llmlab.align.online import OnlinePairSource
from llmlab.align.pairs import sums
from llmlab.align.rewards import RewardConfig
from llmlab.align.rounds import Drawing
from llmlab.decode.sampling import SamplingConfig
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train


def make(model, problems, rows=4):
    drawing = Drawing(problems, SamplingConfig(temperature=1.0, max_new=3), RewardConfig(), 4, 9)
    return OnlinePairSource(model, drawing, rows, copy.deepcopy(model).eval())


def test_pairs_are_the_best_and_the_worst_of_each_group(learner, problems):
    model = learner()
    batch = make(model, problems).batch(0, 4)
    found = make(model, problems).rounds.draw(0)
    rewards = torch.tensor([each.reward for each in found]).view(4, 4)
    assert batch.weights_P.tolist() == (rewards.amax(1) > rewards.amin(1)).float().tolist()
    assert torch.allclose(batch.reference_2P, sums(model, batch), atol=1e-5)
    best = [max(found[n : n + 4], key=lambda each: each.reward).ids for n in range(0, 16, 4)]
    width = batch.targets_BT.shape[1]
    for row, ids in enumerate(best):
        assert batch.targets_BT[row, 1 : 1 + len(ids)].tolist() == ids[: width - 1]


def test_a_new_round_for_every_step_and_parts_of_it_for_passes(learner, problems):
    source = make(learner(), problems)
    one, two = source.batch(0, 2), source.batch(2, 2)
    assert len(source.rounds.history) == 1
    source.batch(4, 4)
    assert len(source.rounds.history) == 2
    assert len(one.ids_BT) == len(two.ids_BT) == 4
    again = make(learner(), problems)
    again.hold(source.held())
    assert again.rounds.history == source.rounds.history


def test_the_reward_rises(learner, problems, scratch):
    model = learner()
    source = make(model, problems, rows=8)
    config = TrainConfig(
        steps=40, rows=8, lr=0.02, warmup=1, validate_every=40, checkpoint_every=1000, threads=1, weight_decay=0.0
    )
    loss = PreferenceLoss(PreferenceConfig(beta=0.5))
    train(model, source, [], config, scratch=scratch, loss=loss, measure=lambda _: 0.0)
    rewards = [each["reward"] for each in source.rounds.history]
    assert sum(rewards[-8:]) / 8 > sum(rewards[:8]) / 8 + 0.15
