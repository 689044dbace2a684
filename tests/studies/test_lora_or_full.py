"""The study lora-or-full: roles of tokens, adapters that act on one role, and the walk to a learning rate."""

import importlib
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import parts_of
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.shards.batches import Batch
from llmlab.shards.format import Shard
from llmlab.train.losses import next_token_loss

STUDY = Path(__file__).parents[2] / "studies" / "lora-or-full"
NAMES = ("arms", "domains", "rates", "roles", "run", "start", "plot", "cost")
TEXT = [b"at", b": $", b"' put", b": 'it", b"''s", b"' ", b'"a ', b"'b", b'" ', b"x1", b" := "]
ROLE = ["name", "mark", "name", "string", "string", "mark", "comment", "comment", "mark", "name", "mark"]


@pytest.fixture(scope="module")
def study(study_on_path):
    """The study's modules by name."""
    return {name: importlib.import_module(name) for name in ("roles", "rates", "plot")}


def shard_of(ids, languages=("smalltalk",), starts=(0,)):
    return Shard(np.asarray(ids), np.asarray(starts), np.ones(len(starts)), list(languages), [], [])


def test_the_role_of_a_token_is_told_by_the_text_up_to_it(study):
    roles = study["roles"]
    found = list(roles.token_roles(TEXT))
    assert [roles.ROLES[each] for each in found] == ROLE
    for count in range(len(TEXT)):
        assert list(roles.token_roles(TEXT[:count])) == found[:count]


def test_the_control_has_the_shares_of_the_roles_and_knows_the_token_alone(study):
    random = np.random.default_rng(1)
    shard = shard_of(random.integers(0, 400, size=20_000))
    roles = random.choice(4, size=20_000, p=[0.4, 0.3, 0.2, 0.1])
    table = study["roles"].numbers_of(shard, roles)
    shares = np.bincount(table[shard.ids], minlength=4) / 20_000
    assert np.abs(shares - [0.4, 0.3, 0.2, 0.1]).max() < 0.01


def test_roles_stand_beside_the_ids_that_they_belong_to(study):
    shard = shard_of(np.arange(500))
    source = study["roles"].RoleSource(shard, np.arange(500) % 4, 16, seed=3)
    batch = source.batch(5, 3)
    assert (batch.roles_BT == batch.ids_BT % 4).all()
    assert (batch.targets_BT == batch.ids_BT + 1).all()
    first, second = batch.cut(2)
    assert (len(first.roles_BT), len(second.roles_BT)) == (2, 1)
    for each in study["roles"].role_batches(shard, np.arange(500) % 4, 16, 4):
        counted = each.targets_BT >= 0
        assert (each.roles_BT == each.ids_BT % 4)[counted].all()


@pytest.fixture
def model():
    shape = ModelConfig(depth=1, width=16, head_size=8, context=8, ffn="relu2")
    return Transformer(shape, 20, torch.Generator().manual_seed(1))


def batch_of(study, roles):
    ids = torch.arange(8)[None] + 3
    return study["roles"].RoleBatch(ids, ids + 1, None, "rows", torch.tensor([roles]))


def test_an_adapter_changes_and_learns_from_positions_of_its_role_alone(study, model):
    plain = next_token_loss(model, Batch(torch.arange(8)[None] + 3, torch.arange(8)[None] + 4, None, "rows")).item()
    loss = study["roles"].RoleLoss(model, LoraConfig(), {"name": 2, "mark": 1}, seed=1)
    with torch.no_grad():
        for part in parts_of(model, "name").values():
            part.B.normal_(0, 0.5, generator=torch.Generator().manual_seed(2))
    assert loss(model, batch_of(study, [1] * 8)).item() == pytest.approx(plain, rel=1e-6)
    assert loss(model, batch_of(study, [0] * 8)).item() != pytest.approx(plain, rel=1e-3)
    loss(model, batch_of(study, [1] * 8)).backward()
    assert all(not part.A.grad.any() for part in parts_of(model, "name").values())
    assert any(part.B.grad.any() for part in parts_of(model, "mark").values())


def test_the_walk_finds_the_lowest_point_from_either_side(study):
    rates = study["rates"]
    config = rates.RatesConfig(seed=1, factor=2.0, most=9, first={})
    for first in (0.001, 0.1):
        found = rates.walk(lambda rate: (math.log2(rate) - math.log2(0.011)) ** 2, first, config)
        assert found["best"] == pytest.approx(0.011, rel=1e-3)
        assert found["closed"]
    stopped = rates.walk(lambda rate: -rate, 0.001, replace(config, most=3))
    assert not stopped["closed"]
    assert stopped["best"] == pytest.approx(0.004)


def test_a_rate_that_ends_in_no_number_is_no_neighbour_of_a_parabola(study):
    assert study["rates"].vertex({0: 1.0, 1: math.inf, -1: 2.0}, 0) == 0.0
    assert study["rates"].vertex({0: 1.0, 1: 2.0, -1: 2.0}, 0) == 0.0


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ([1.0, 1.1, 1.2], [2.0, 2.1, 2.2], "-1.000 better"),
        ([2.0, 2.1, 2.2], [1.0, 1.1, 1.2], "+1.000 worse"),
        ([1.0, 1.5, 2.0], [1.1, 1.6, 2.1], "-0.100"),  # on every seed, but by less than seeds differ
        ([1.0, 1.0, 1.9], [1.5, 1.5, 1.8], "-0.300"),  # not on every seed
        ([1.0, 1.1], [2.0, 2.1, 2.2], ""),  # not the same seeds
    ],
)
def test_an_arm_is_better_on_every_seed_and_by_more_than_seeds_differ(study, ours, theirs, said):
    assert study["plot"]._difference(ours, theirs) == said
