import pytest
import torch
from torch.nn import functional as F

from llmlab.adapt.adaptive import allocate, importance, keep_directions, move_ranks, to_singular_form
from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import LoraLinear, add_lora, lora_tensors, parts_of
from llmlab.shards.batches import Batch


@pytest.fixture
def batches(ids):
    return [Batch(ids[row : row + 1], ids[row : row + 1].roll(-1, 1), None, f"row {row}") for row in range(len(ids))]


def test_the_singular_form_is_the_same_update_from_orthogonal_directions(adapted, ids):
    model = adapted(LoraConfig(rank=4, alpha=8.0))
    expected = model(ids)
    products = {layer: part.product() for layer, part in parts_of(model).items()}
    to_singular_form(model)
    assert (model(ids) - expected).abs().max() < 1e-4
    for layer, part in parts_of(model).items():
        assert torch.allclose(part.product(), products[layer], atol=1e-4)
        for gram in (part.B.T @ part.B, part.A @ part.A.T):
            assert (gram - gram.diag().diag()).abs().max() < 1e-3
        lengths = part.B.norm(dim=0)
        assert torch.allclose(lengths, part.A.norm(dim=1), atol=1e-4)
        assert (lengths[:-1] >= lengths[1:]).all()


def test_importance_is_what_the_loss_changes_by_to_first_order(adapted, batches):
    """Against differences: each direction weakened a little, one batch."""
    model = adapted(LoraConfig(rank=2, alpha=2.0, targets=["query", "blocks.1.ffn.up"]))
    scores = importance(model, batches[:1])

    def loss():
        with torch.no_grad():
            return F.cross_entropy(model(batches[0].ids_BT).double().flatten(0, 1), batches[0].targets_BT.flatten())

    for layer, part in parts_of(model).items():
        for place in range(2):
            column = part.B.detach()[:, place].clone()
            values = []
            for factor in (1.01, 0.99):
                with torch.no_grad():
                    part.B[:, place] = column * factor
                values.append(loss())
            with torch.no_grad():
                part.B[:, place] = column
            slope = ((values[0] - values[1]) / 0.02).abs().item()
            assert scores[layer][place].item() == pytest.approx(slope, rel=0.05, abs=2e-3), (layer, place)


def test_importance_is_the_mean_over_batches_and_leaves_the_model_alone(adapted, batches):
    model = adapted()
    before = lora_tensors(model)
    whole = importance(model, batches)
    single = [importance(model, [batch]) for batch in batches]
    for layer, scores in whole.items():
        assert torch.allclose(scores, sum(each[layer] for each in single) / 3, atol=1e-6)
    assert all(torch.equal(tensor, before[name]) for name, tensor in lora_tensors(model).items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_budget_goes_to_the_highest_scores():
    scores = {"a": torch.tensor([0.5, 0.1, 0.4]), "b": torch.tensor([0.3, 0.5]), "c": torch.tensor([0.0])}
    assert allocate(scores, 3) == {"a": [0, 2], "b": [1], "c": []}
    assert allocate(scores, 1) == {"a": [0], "b": [], "c": []}
    assert allocate(scores, 99) == {"a": [0, 1, 2], "b": [0, 1], "c": [0]}


def test_dropped_directions_are_gone_and_the_others_do_what_they_did(adapted):
    model = adapted(LoraConfig(rank=3, alpha=6.0, targets=["query", "key"]))
    parts = parts_of(model)
    kept = {layer: [0, 2] if "query" in layer else [] for layer in parts}
    expected = {layer: 2.0 * part.B[:, [0, 2]] @ part.A[[0, 2]] for layer, part in parts.items() if kept[layer]}
    keep_directions(model, kept)
    assert {layer: part.rank for layer, part in parts_of(model).items()} == dict.fromkeys(expected, 2)
    for layer, part in parts_of(model).items():
        assert torch.allclose(part.product(), expected[layer], atol=1e-6)
    assert not isinstance(model.blocks[0].attention.key, LoraLinear)


@pytest.mark.parametrize("stabilized", [False, True])
def test_ranks_move_to_where_the_change_is(make_model, batches, stabilized):
    """Effect: only two layers have learned something, of rank 3 and 1; the budget of 4 directions finds them."""
    model = make_model()
    config = LoraConfig(rank=6, alpha=12.0, mean_rank=4 / 14, rank_stabilized=stabilized)
    add_lora(model, config, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    learned = {"blocks.0.ffn.up": 3, "blocks.1.attention.value": 1}
    with torch.no_grad():
        for layer, rank in learned.items():
            mixed = torch.randn(rank, 6, generator=generator)
            part = parts_of(model)[layer]
            part.B.copy_(torch.randn(part.B.shape[0], rank, generator=generator) @ mixed)
    expected = model(batches[0].ids_BT)
    shape = move_ranks(model, config, batches)
    assert shape.ranks == learned
    assert (shape.mean_rank, shape.targets) == (None, sorted(learned))
    assert {layer: part.rank for layer, part in parts_of(model).items()} == learned
    assert (model(batches[0].ids_BT) - expected).abs().max() < 1e-3
    fresh = make_model()
    add_lora(fresh, shape, torch.Generator())
    assert {layer: part.scale for layer, part in parts_of(fresh).items()} == pytest.approx(
        {layer: part.scale for layer, part in parts_of(model).items()}
    )


def test_at_least_one_direction_stays(adapted, batches):
    model = adapted()
    shape = move_ranks(model, LoraConfig(rank=4, mean_rank=0.001), batches)
    assert sum(shape.ranks.values()) == 1
