import math

import pytest
import torch
from torch import nn

from llmlab.adapt.lora import (
    LoraConfig,
    LoraLinear,
    add_lora,
    lora_tensors,
    merge_lora,
    remove_lora,
    unmerge_lora,
)
from llmlab.artifacts.params import build
from llmlab.model.surgery import find, is_inner_linear


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def loss_of(model, ids):
    return torch.nn.functional.cross_entropy(model(ids).flatten(0, 1), ids.roll(-1, 1).flatten())


@pytest.mark.parametrize("changes", [{}, {"kv_heads": 1, "ffn": "gelu"}, {"tie_embeddings": False}], ids=str)
def test_at_the_start_the_output_is_the_bases_bit_for_bit(make_model, ids, changes):
    model = make_model(**changes)
    expected = model(ids)
    names = add_lora(model, LoraConfig(rank=4, dropout=0.5), generator())
    assert names == [name for name, _ in find(make_model(**changes), is_inner_linear)]
    assert torch.equal(model(ids), expected)
    assert torch.equal(model.train()(ids), expected)


def test_at_the_start_a_has_no_gradient_and_b_has(make_model, ids):
    model = make_model()
    add_lora(model, LoraConfig(rank=4), generator())
    loss_of(model.train(), ids).backward()
    for name, parameter in model.named_parameters():
        if name.endswith(".A"):
            assert (parameter.grad == 0).all(), name
        elif name.endswith(".B"):
            assert parameter.grad.abs().max() > 0, name
        else:
            assert parameter.grad is None, name
            assert not parameter.requires_grad, name


def test_one_layer_by_hand():
    base = nn.Linear(6, 5, bias=False)
    layer, x = LoraLinear(base, LoraConfig(rank=3, alpha=12.0), generator()), torch.randn(2, 6)
    with torch.no_grad():
        layer.B.normal_()
        expected = x @ base.weight.T + 4.0 * (x @ layer.A.T) @ layer.B.T
        assert torch.allclose(layer(x), expected, atol=1e-5)
        assert torch.allclose(layer.update(), 4.0 * layer.B @ layer.A, atol=1e-6)


def test_a_is_kaiming_uniform_and_b_zero(make_model):
    model = make_model(width=128, head_size=32)
    add_lora(model, LoraConfig(rank=64), generator())
    for name, tensor in lora_tensors(model).items():
        if name.endswith(".B"):
            assert (tensor == 0).all()
            continue
        bound = 1 / math.sqrt(tensor.shape[1])
        assert tensor.abs().max() <= bound
        assert tensor.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.05)


@pytest.mark.parametrize("rank", [8, 32, 64])
def test_the_first_steps_direction_is_the_gradient_seen_through_a(rank):
    """One step of plain descent on B moves the weight by -G A^T A: cosine with -G about sqrt(r / (r + d)) (B6)."""
    d = 64
    base = nn.Linear(d, d, bias=False)
    found = []
    for seed in range(10):
        layer = LoraLinear(base, LoraConfig(rank=rank, alpha=float(rank)), generator(seed))
        x, target = torch.randn(256, d), torch.randn(256, d)
        (layer(x) - target).square().sum().backward()
        weight = base.weight.detach().clone().requires_grad_(True)
        (x @ weight.T - target).square().sum().backward()
        assert layer.B.grad is not None
        moved = -layer.B.grad @ layer.A.detach()
        found.append(torch.nn.functional.cosine_similarity(moved.flatten(), -weight.grad.flatten(), dim=0).item())
        layer.zero_grad()
    assert sum(found) / len(found) == pytest.approx(math.sqrt(rank / (rank + d)), abs=0.05)


@pytest.mark.parametrize("changes", [{}, {"kv_heads": 1, "ffn": "relu2", "tie_embeddings": False}], ids=str)
def test_merging_keeps_the_logits_and_leaves_a_plain_model(adapted, make_model, ids, changes):
    model = adapted(**changes)
    expected = model(ids)
    assert (make_model(**changes)(ids) - expected).abs().max() > 0.1  # the adapter does something
    merge_lora(model)
    assert (model(ids) - expected).abs().max() < 1e-5
    assert model.state_dict().keys() == make_model(**changes).state_dict().keys()
    assert not any(isinstance(module, LoraLinear) for module in model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_unmerging_gives_the_base_back(adapted, make_model, ids):
    model = adapted()
    tensors = lora_tensors(model)
    merge_lora(model)
    unmerge_lora(model, tensors, scale=8.0 / 4)
    for name, weight in make_model().state_dict().items():
        assert (model.state_dict()[name] - weight).abs().max() < 1e-5, name
    assert (model(ids) - make_model()(ids)).abs().max() < 1e-5


def test_removing_gives_the_base_back_bit_for_bit(adapted, make_model, ids):
    model = adapted()
    remove_lora(model)
    base = make_model()
    assert model.state_dict().keys() == base.state_dict().keys()
    assert all(torch.equal(weight, base.state_dict()[name]) for name, weight in model.state_dict().items())
    assert torch.equal(model(ids), base(ids))
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_training_an_adapter_lowers_the_loss_and_leaves_the_base_alone(make_model, ids):
    model = make_model()
    add_lora(model, LoraConfig(rank=8), generator())
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    before = loss_of(model, ids).item()
    for _ in range(30):
        optimizer.zero_grad()
        loss_of(model.train(), ids).backward()
        optimizer.step()
    assert loss_of(model.eval(), ids).item() < before - 0.5
    remove_lora(model)
    base = make_model().state_dict()
    assert all(torch.equal(weight, base[name]) for name, weight in model.state_dict().items())


def test_dropout_acts_in_training_only(adapted, ids):
    model = adapted(LoraConfig(rank=4, alpha=8.0, dropout=0.5))
    assert torch.equal(model(ids), model(ids))
    assert torch.equal(model(ids), adapted()(ids))
    assert not torch.allclose(model.train()(ids), adapted()(ids), atol=1e-3)


def test_alpha_scales_the_update(adapted):
    one, two = adapted(LoraConfig(rank=4, alpha=8.0)), adapted(LoraConfig(rank=4, alpha=16.0))
    layers = zip(
        find(one, lambda _, m: isinstance(m, LoraLinear)),
        find(two, lambda _, m: isinstance(m, LoraLinear)),
        strict=True,
    )
    for (_, a), (_, b) in layers:
        assert torch.equal(2 * a.update(), b.update())


def test_a_rank_above_the_smaller_side_is_refused(make_model, refuses):
    add_lora(make_model(), LoraConfig(rank=32), generator())
    refuses(["rank 33", "32x32", "lora.adapter.rank"], add_lora, make_model(), LoraConfig(rank=33), generator())
    refuses(["rank 17", "16x32"], add_lora, make_model(kv_heads=1), LoraConfig(rank=17), generator())


@pytest.mark.parametrize("change", [{"rank": 0}, {"alpha": 0}, {"dropout": 1.0}, {"dropout": -0.1}], ids=str)
def test_values_out_of_range_are_refused_by_the_loader(change, refuses):
    refuses([f"params.yaml: lora.{next(iter(change))}"], build, LoraConfig, change, "params.yaml: lora")


def test_adapter_tensors_are_copies(adapted):
    model = adapted()
    tensors = lora_tensors(model)
    assert len(tensors) == 2 * 2 * 7
    for tensor in tensors.values():
        tensor.zero_()
    assert all((tensor != 0).any() for tensor in lora_tensors(model).values())
