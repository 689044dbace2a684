import pytest
import torch
from torch.nn import functional as F

from llmlab.shards.batches import IGNORE, Batch
from llmlab.train.head import head_loss
from llmlab.train.losses import next_token_loss


def drawn(n, v=97, d=16, dtype=torch.float32):
    generator = torch.Generator().manual_seed(n)
    hidden = torch.randn(n, d, generator=generator, dtype=dtype).requires_grad_()
    weight = torch.randn(v, d, generator=generator, dtype=dtype).requires_grad_()
    return hidden, weight, torch.randint(0, v, (n,), generator=generator)


def plain(hidden, weight, targets):
    return F.cross_entropy(F.linear(hidden, weight).float(), targets, reduction="sum")


@pytest.fixture
def ids():
    return torch.randint(0, 97, (3, 24), generator=torch.Generator().manual_seed(11))


@pytest.mark.parametrize("n", [1, 511, 512, 513, 1500])
def test_value_and_gradients_are_torchs(n):
    hidden, weight, targets = drawn(n)
    expected = plain(hidden, weight, targets)
    found = head_loss(hidden, weight, targets)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    wanted = torch.autograd.grad(expected / n, (hidden, weight))
    got = torch.autograd.grad(found / n, (hidden, weight))
    for a, b in zip(got, wanted, strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_gradients_are_those_of_differences():
    hidden, weight, targets = drawn(7, v=11, d=5, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda h, w: head_loss(h, w, targets), (hidden, weight))


def test_large_logits_stay_finite():
    hidden, weight, targets = drawn(20)
    with torch.no_grad():
        hidden *= 1e4
    loss = head_loss(hidden, weight, targets)
    loss.backward()
    assert loss.isfinite()
    assert hidden.grad.isfinite().all()


def test_in_bf16_it_is_as_near_as_the_plain_way():
    hidden, weight, targets = drawn(600)
    exact = torch.autograd.grad(plain(hidden, weight, targets), (hidden, weight))
    off = {}
    for name, way in {"plain": plain, "head": head_loss}.items():
        with torch.autocast("cpu", torch.bfloat16):
            loss = way(hidden, weight, targets)
        grads = torch.autograd.grad(loss, (hidden, weight))
        off[name] = [((a - b).norm() / b.norm()).item() for a, b in zip(grads, exact, strict=True)]
    for a, b in zip(off["head"], off["plain"], strict=True):
        assert a < 1.5 * b + 1e-4


@pytest.mark.parametrize("tied", [True, False])
def test_a_model_gets_the_gradients_of_the_plain_loss(make_model, ids, tied):
    """Ignored targets included; a tied matrix collects what it does at both ends."""
    model = make_model(tie_embeddings=tied).train()
    targets = ids.roll(-1, 1)
    targets[:, ::3] = IGNORE
    batch = Batch(ids, targets, None, "rows")
    logits = model(ids)
    F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORE, reduction="sum").backward()
    expected = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    next_token_loss(model, batch).backward()
    for name, parameter in model.named_parameters():
        assert torch.allclose(parameter.grad, expected[name], atol=1e-4), name


def test_without_gradients_none_is_computed(make_model, ids):
    model = make_model()
    with torch.no_grad():
        loss = next_token_loss(model, Batch(ids, ids.roll(-1, 1), None, "rows"))
    assert not loss.requires_grad
    assert loss.item() == pytest.approx(
        plain(model.hidden(ids).flatten(0, 1), model.head.weight, ids.roll(-1, 1).flatten()).item(), rel=1e-5
    )


def test_nothing_counted_is_zero(make_model, ids):
    loss = next_token_loss(make_model(), Batch(ids, torch.full_like(ids, IGNORE), None, "rows"))
    assert loss.item() == 0
