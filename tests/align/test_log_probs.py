import pytest
import torch
from torch.nn import functional

from llmlab.align.log_probs import frozen_log_probs, log_probs, log_probs_and_entropy, rows_of
from llmlab.shards.batches import IGNORE


def test_they_are_the_log_softmax_of_the_models_logits(make_model, written):
    model = make_model()
    logits = model(written.ids_BT).double() / 0.7
    expected = logits.log_softmax(-1)
    counts = written.targets_BT != IGNORE
    picked = expected.gather(-1, written.targets_BT.clamp(min=0)[..., None]).squeeze(-1) * counts
    assert torch.allclose(log_probs(model, written, 0.7).double(), picked, atol=1e-5)
    both, entropy = log_probs_and_entropy(model, written, 0.7)
    assert torch.equal(both, log_probs(model, written, 0.7))
    assert torch.allclose(entropy.double(), -(expected.exp() * expected).sum(-1) * counts, atol=1e-5)


def test_they_add_up_to_the_loss_of_fine_tuning(make_model, written):
    model = make_model()
    flat = functional.cross_entropy(
        model(written.ids_BT).flatten(0, 1), written.targets_BT.flatten(), ignore_index=IGNORE, reduction="sum"
    )
    assert log_probs(model, written).sum().item() == pytest.approx(-flat.item(), rel=1e-6)


def test_frozen_ones_know_no_dropout_and_keep_the_mode(make_model, written):
    model = make_model(dropout=0.5).train()
    frozen = frozen_log_probs(model, written, at_once=2)
    assert model.training
    assert not frozen.requires_grad
    assert torch.allclose(frozen, log_probs(model.eval(), written).detach(), atol=1e-6)


def test_rows_count_the_answer_alone():
    ids, targets = rows_of([[1, 2, 3], [4]], [[5, 6], [7]], 16)
    assert ids.tolist() == [[1, 2, 3, 5], [4, 0, 0, 0]]
    assert targets.tolist() == [[IGNORE, IGNORE, 5, 6], [7, IGNORE, IGNORE, IGNORE]]


def test_a_row_too_long_loses_the_beginning_of_its_prompt():
    ids, targets = rows_of([[1, 2, 3, 4]], [[5, 6]], 4)
    assert ids.tolist() == [[2, 3, 4, 5]]
    assert targets.tolist() == [[IGNORE, IGNORE, 5, 6]]
    ids, targets = rows_of([[1]], [[2, 3, 4, 5, 6, 7]], 4)
    assert (ids.tolist(), targets.tolist()) == ([[3, 4, 5, 6]], [[4, 5, 6, 7]])
