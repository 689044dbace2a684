import json
from pathlib import Path

import pytest
import torch

from llmlab.align.grpo import GroupConfig, GroupLoss, advantages, divergence, token_losses, without_signal
from llmlab.align.log_probs import log_probs, log_probs_and_entropy
from llmlab.shards.batches import IGNORE

TRL = json.loads((Path(__file__).parents[1] / "golden" / "trl.json").read_text(encoding="utf-8"))["groups"]
NEW, OLD, REFERENCE, ENTROPY = (torch.tensor(TRL[name]) for name in ("new", "old", "reference", "entropy"))
REWARDS = torch.tensor(TRL["rewards"])


def gradient(model, loss):
    model.zero_grad()
    loss.backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def test_advantages_are_those_of_trl():
    assert advantages(REWARDS, 4).tolist() == pytest.approx(TRL["advantages"], abs=1e-6)
    assert advantages(REWARDS, 4, "batch").tolist() == pytest.approx(TRL["advantages_batch"], abs=1e-6)
    first = advantages(torch.tensor([1.0, 0, 0, 0]), 4)
    assert first.tolist() == pytest.approx([1.4997, -0.4999, -0.4999, -0.4999], abs=1e-4)
    assert advantages(torch.tensor([1.0, 0, 0, 0]), 4, "none").tolist() == [0.75, -0.25, -0.25, -0.25]


def test_equal_rewards_have_no_advantage_at_all():
    rewards = torch.tensor([0.1] * 3 + [0.7, 0.7, 0.3])
    assert without_signal(rewards, 3).tolist() == [True, False]
    for scale in ("group", "batch", "none"):
        assert advantages(rewards, 3, scale)[:3].tolist() == [0.0, 0.0, 0.0]
        assert advantages(rewards, 3, scale).sum().item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("case", TRL["losses"], ids=lambda case: f"{case['average']}-{case['kl']}-{case['clip_low']}")
def test_the_losses_are_those_of_trl(case, monkeypatch, group_batch):
    """With the model's numbers put in place of a model: what is compared is the arithmetic."""
    lengths = torch.tensor(TRL["lengths"])
    counts = torch.arange(NEW.shape[1]) < lengths[:, None]
    batch = group_batch(TRL["advantages"], OLD, REFERENCE, case["average"])
    object.__setattr__(batch, "targets_BT", torch.where(counts, 1, IGNORE))
    monkeypatch.setattr("llmlab.align.grpo.log_probs", lambda *_: NEW)
    monkeypatch.setattr("llmlab.align.grpo.log_probs_and_entropy", lambda *_: (NEW, ENTROPY))
    config = GroupConfig(**{name: case[name] for name in ("average", "kl", "clip_low", "clip_high", "entropy")})
    loss = GroupLoss(config)(torch.nn.Module(), batch) / batch.counted
    assert loss.item() == pytest.approx(case["loss"], abs=2e-6)


def test_on_policy_the_ratio_is_1_and_the_gradient_is_reinforce(make_model, written, group_batch):
    model = make_model()
    own = log_probs(model, written).detach()
    weights = torch.tensor([1.0, -0.5, 0.25])
    expected = gradient(model, -(log_probs(model, written) * weights[:, None]).sum())
    for old in (None, own):
        batch = group_batch(weights.tolist(), old)
        loss = GroupLoss(GroupConfig())(model, batch)
        lengths = (written.targets_BT != IGNORE).sum(dim=1)
        assert loss.item() == pytest.approx(-(weights * lengths).sum().item(), rel=1e-6)
        assert torch.allclose(gradient(model, loss), expected, atol=1e-5)


def test_without_advantages_nothing_moves(make_model, group_batch):
    model = make_model()
    assert gradient(model, GroupLoss(GroupConfig())(model, group_batch([0.0, 0.0, 0.0]))).count_nonzero() == 0


def test_a_ratio_that_has_gone_far_enough_moves_nothing_more():
    new = torch.tensor([[0.5, 0.1, -0.5, -0.1]]).requires_grad_()
    token_losses(new, torch.zeros(1, 4), torch.tensor([1.0]), GroupConfig()).sum().backward()
    assert (new.grad != 0).tolist() == [[False, True, True, True]]
    new.grad = None
    token_losses(new, torch.zeros(1, 4), torch.tensor([-1.0]), GroupConfig()).sum().backward()
    assert (new.grad != 0).tolist() == [[True, True, False, True]]


def test_the_divergence_is_never_negative_and_right_on_average():
    generator = torch.Generator().manual_seed(1)
    new, reference = (torch.randn(50, generator=generator).log_softmax(-1) for _ in range(2))
    estimates = divergence(new, reference)
    assert (estimates >= 0).all()
    exact = (new.exp() * (new - reference)).sum()
    assert (new.exp() * estimates).sum().item() == pytest.approx(exact.item(), rel=1e-5)
    assert divergence(new, new).tolist() == [0.0] * 50


def test_the_divergence_pulls_back_and_is_weightless_at_the_reference(make_model, written, group_batch):
    model, other = make_model(), make_model(seed=3)
    own = log_probs(model, written).detach()
    at_home = GroupLoss(GroupConfig(kl=0.5))(model, group_batch([0.0] * 3, own, own))
    assert gradient(model, at_home).abs().max() < 1e-6
    away = group_batch([0.0] * 3, own, log_probs(other, written).detach())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.003)
    gaps = []
    for _ in range(4):
        loss = GroupLoss(GroupConfig(kl=0.5))(model, away)
        gradient(model, loss)
        gaps.append(loss.item())
        optimizer.step()
    assert gaps == sorted(gaps, reverse=True)


def test_the_entropy_bonus_flattens(make_model, written, group_batch):
    model = make_model(noise=0.5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    before = log_probs_and_entropy(model, written)[1].sum()
    for _ in range(5):
        gradient(model, GroupLoss(GroupConfig(entropy=0.5))(model, group_batch([0.0] * 3)))
        optimizer.step()
    assert log_probs_and_entropy(model, written)[1].sum() > before + 0.1


@pytest.mark.parametrize("average", ["tokens", "answers", "constant"])
def test_passes_of_any_size_add_up(make_model, group_batch, average):
    model = make_model()
    old = log_probs(model, group_batch([0.0] * 3)).detach() + 0.05
    whole = group_batch([1.0, -2.0, 0.5], old, old - 0.1, average)
    config = GroupConfig(average=average, kl=0.1, entropy=0.01)
    parts = whole.cut(2)
    assert sum(part.counted for part in parts) == whole.counted
    assert sum(len(part.ids_BT) for part in parts) == 3
    together = sum(GroupLoss(config)(model, part).item() for part in parts)
    assert together == pytest.approx(GroupLoss(config)(model, whole).item(), rel=1e-5)


def test_a_device_gets_everything(group_batch):
    batch = group_batch([1.0, 0.0, 0.0], torch.zeros(3, 4), torch.zeros(3, 4))
    moved = batch.to(torch.device("meta"))
    assert {moved.ids_BT.device.type, moved.advantages_B.device.type, moved.old_BT.device.type} == {"meta"}
