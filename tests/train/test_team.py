import dataclasses

import pytest
import torch
from torch import nn

from llmlab.train.losses import next_token_loss
from llmlab.train.team import Team, norm_of_parts, scale_down


@pytest.fixture
def team(settings):
    setting = settings(rows=4)
    return Team(setting.make(), next_token_loss, setting.config, torch.float32), setting


def test_a_process_alone_takes_all_rows_in_passes(team):
    one, _ = team
    assert one.passes(8, 4) == [(8, 4)]
    assert one.passes(8, 2) == [(8, 2), (10, 2)]


def test_gradients_are_of_the_mean_over_the_steps_targets_in_any_passes(team):
    one, setting = team
    found = []
    for micro in (4, 1):
        batches = [setting.source.batch(start, rows) for start, rows in one.passes(0, micro)]
        one.drop_gradients()
        total = sum(value for _, value in one.backward(batches, one.counted(batches)))
        found.append((total, one.norm()))
    assert one.counted(batches) == 4 * 32
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-6)
    assert found[0][1] == pytest.approx(found[1][1].item(), rel=1e-5)


def test_parts_are_clipped_as_torch_clips_the_whole():
    for limit in (0.1, 1e6):
        parameters = [nn.Parameter(torch.zeros(3, 2)), nn.Parameter(torch.zeros(4))]
        for number, parameter in enumerate(parameters):
            parameter.grad = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number))
        gradients = [p.grad.clone() for p in parameters if p.grad is not None]
        norm = nn.utils.clip_grad_norm_(parameters, limit)
        scale_down(gradients, limit, norm_of_parts(norm))
        for mine, parameter in zip(gradients, parameters, strict=True):
            torch.testing.assert_close(mine, parameter.grad)


def test_weights_are_copies_and_parts_are_of_what_is_trained(team):
    one, _ = team
    weights = one.weights()
    assert weights.keys() == one.named.keys()
    weights["norm.weight"].zero_()
    assert one.named["norm.weight"].abs().sum() > 0
    assert torch.equal(one.own_part("norm.weight", weights["norm.weight"]), weights["norm.weight"])
    assert one.own_part("unknown", torch.ones(1)) is None
    one.stores = ("random",)
    assert one.weights() == {}
    assert one.own_part("norm.weight", weights["norm.weight"]) is None


def test_weights_that_are_no_numbers_are_found(team):
    one, _ = team
    assert one.is_finite()
    with torch.no_grad():
        one.parameters[-1][0] = torch.inf
    assert not one.is_finite()


def test_the_way_of_sharing_shapes_no_run(settings):
    config = settings().config
    other = dataclasses.replace(config, parallel="fsdp", processes=2)
    assert other.shaping() == config.shaping()
    assert dataclasses.replace(config, rows=8).shaping() != config.shaping()
