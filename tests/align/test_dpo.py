import json
import math
from pathlib import Path

import pytest
import torch

from llmlab.align.dpo import PreferenceConfig, PreferenceLoss, margins, pair_losses
from llmlab.align.log_probs import log_probs
from llmlab.align.pairs import Pair, pair_batch

TRL = json.loads((Path(__file__).parents[1] / "golden" / "trl.json").read_text(encoding="utf-8"))["pairs"]
SUMS, REFERENCE, LENGTHS = (torch.tensor(TRL[name]) for name in ("sums", "reference", "lengths"))
PAIRS = [Pair([5, 6], [7, 8, 9], [10]), Pair([11], [12], [13, 14])]


@pytest.fixture
def batch(make_model):
    return pair_batch(PAIRS, torch.ones(2), make_model(), 32, "made")


@pytest.mark.parametrize("kind", TRL["losses"])
def test_the_losses_are_those_of_trl(kind):
    for *numbers, expected in TRL["losses"][kind]:
        config = PreferenceConfig(kind=kind, **dict(zip(("beta", "gamma"), numbers, strict=False)))
        assert pair_losses(SUMS, REFERENCE, LENGTHS, config).mean() == pytest.approx(expected, rel=1e-5)


def test_at_the_reference_the_loss_is_ln_2_and_its_slope_half_of_beta(make_model, batch):
    model = make_model()
    loss = PreferenceLoss(PreferenceConfig(beta=0.3))(model, batch)
    assert loss.item() / 2 == pytest.approx(math.log(2), abs=1e-6)
    assert margins(model, batch).tolist() == pytest.approx([0, 0], abs=1e-5)
    sums = SUMS.clone().requires_grad_()
    pair_losses(sums, SUMS, LENGTHS, PreferenceConfig(beta=0.3)).sum().backward()
    assert sums.grad.tolist() == pytest.approx([-0.15] * 3 + [0.15] * 3)


def test_small_beta_is_the_plain_difference_and_large_beta_the_worst_pair():
    """-ln sigmoid(x) is ln 2 - x/2 for small x, and about -x where x is very negative."""
    chosen, rejected = (SUMS - REFERENCE).chunk(2)
    margin = chosen - rejected
    small = pair_losses(SUMS, REFERENCE, LENGTHS, PreferenceConfig(beta=1e-3))
    assert ((math.log(2) - small) / 0.5e-3).tolist() == pytest.approx(margin.tolist(), rel=1e-2, abs=2e-3)
    large = pair_losses(SUMS, REFERENCE, LENGTHS, PreferenceConfig(beta=1e3))
    assert (large / 1e3).tolist() == pytest.approx((-margin).clamp(min=0).tolist(), abs=1e-2)


def test_ipo_wants_a_margin_of_half_of_one_over_beta():
    lengths = torch.ones(2)
    found = pair_losses(torch.tensor([1.0, -1.5]), torch.zeros(2), lengths, PreferenceConfig(kind="ipo", beta=0.2))
    assert found.item() == pytest.approx(0.0, abs=1e-6)


def test_simpo_knows_no_reference():
    config = PreferenceConfig(kind="simpo", beta=2.0)
    assert torch.equal(
        pair_losses(SUMS, REFERENCE, LENGTHS, config), pair_losses(SUMS, torch.zeros(6), LENGTHS, config)
    )


def test_likelihood_adds_what_fine_tuning_on_the_chosen_would(make_model, batch):
    model = make_model()
    plain, more = (PreferenceLoss(PreferenceConfig(likelihood=w))(model, batch) for w in (0.0, 0.5))
    chosen = log_probs(model, batch)[:2].sum(dim=1) / torch.tensor([3, 1])
    assert (more - plain).item() == pytest.approx(-0.5 * chosen.sum().item(), rel=1e-5)


def test_a_pair_of_weight_0_moves_nothing(make_model):
    model = make_model()
    one = pair_batch(PAIRS[:1], torch.ones(1), model, 32, "one")
    two = pair_batch(PAIRS, torch.tensor([1.0, 0.0]), model, 32, "two")
    slopes = []
    for batch in (one, two):
        assert batch.counted == 1
        model.zero_grad()
        PreferenceLoss(PreferenceConfig())(model, batch).backward()
        slopes.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    assert torch.allclose(*slopes, atol=1e-6)


def test_steps_widen_the_margin(make_model, batch):
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    before = margins(model, batch)
    for _ in range(5):
        optimizer.zero_grad()
        PreferenceLoss(PreferenceConfig())(model, batch).backward()
        optimizer.step()
    assert (margins(model, batch) > before + 0.1).all()
