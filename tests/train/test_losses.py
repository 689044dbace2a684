import math

import torch

from llmlab.shards.batches import IGNORE, Batch
from llmlab.train.losses import next_token_loss, token_losses


def batch():
    ids = torch.randint(0, 97, (3, 10))
    targets = torch.randint(0, 97, (3, 10))
    targets[0, :4] = IGNORE
    targets[2] = IGNORE
    return Batch(ids, targets, torch.tensor([[0] * 5 + [1] * 5] * 3), "rows 0-2")


def test_the_loss_is_the_sum_of_minus_log_p(make_model):
    model, one = make_model(), batch()
    with torch.no_grad():
        log_p = model(one.ids_BT, one.documents_BT).double().log_softmax(-1)
        expected = torch.zeros(3, 10, dtype=torch.float64)
        for row, place in (one.targets_BT != IGNORE).nonzero().tolist():
            expected[row, place] = -log_p[row, place, one.targets_BT[row, place]]
        assert torch.allclose(token_losses(model, one).double(), expected, atol=1e-5)
        assert math.isclose(next_token_loss(model, one).item(), expected.sum().item(), rel_tol=1e-6)
    assert (token_losses(model, one)[2] == 0).all()
    assert one.counted == 16


def test_documents_are_handed_to_the_model(make_model):
    model, one = make_model(), batch()
    without = Batch(one.ids_BT, one.targets_BT, None, one.name)
    with torch.no_grad():
        assert abs(next_token_loss(model, one) - next_token_loss(model, without)) > 1e-2


def test_ignored_targets_send_no_gradient(make_model):
    model, one = make_model(), batch()
    nothing = Batch(one.ids_BT, torch.full_like(one.targets_BT, IGNORE), None, one.name)
    loss = next_token_loss(model, nothing)
    loss.backward()
    assert loss == 0
    assert all((p.grad == 0).all() for p in model.parameters())
