import math

import pytest
import torch
from torch import nn

from llmlab.adapt.bank import fold
from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import LoraLinear, add_lora, layers, lora_tensors, merge_lora, parts_of, remove_lora
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


class One(nn.Module):
    """A single layer where the plan of layers looks for it."""

    def __init__(self, out, into):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(into, out, bias=False)])

    def forward(self, x):
        return self.blocks[0](x)


def test_one_layer_by_hand():
    model = One(5, 6)
    base = model.blocks[0]
    add_lora(model, LoraConfig(rank=3, alpha=12.0), generator())
    (part,) = parts_of(model).values()
    x = torch.randn(2, 6)
    with torch.no_grad():
        part.B.normal_()
        expected = x @ base.weight.T + 4.0 * (x @ part.A.T) @ part.B.T
        assert torch.allclose(model(x), expected, atol=1e-5)
        assert torch.allclose(model.blocks[0].change(), 4.0 * part.B @ part.A, atol=1e-6)


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
    model = One(d, d)
    base = model.blocks[0]
    found = []
    for seed in range(10):
        add_lora(model, LoraConfig(rank=rank, alpha=float(rank)), generator(seed))
        (part,) = parts_of(model).values()
        x, target = torch.randn(256, d), torch.randn(256, d)
        (model(x) - target).square().sum().backward()
        weight = base.weight.detach().clone().requires_grad_(True)
        (x @ weight.T - target).square().sum().backward()
        moved = -part.B.grad @ part.A.detach()
        found.append(torch.nn.functional.cosine_similarity(moved.flatten(), -weight.grad.flatten(), dim=0).item())
        remove_lora(model)
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
    for a, b in zip(parts_of(one).values(), parts_of(two).values(), strict=True):
        assert torch.equal(2 * a.product(), b.product())


def test_stabilised_scaling_divides_by_the_root_of_the_rank(adapted):
    plain, stable = (adapted(LoraConfig(rank=16, alpha=8.0, rank_stabilized=flag)) for flag in (False, True))
    for a, b in zip(parts_of(plain).values(), parts_of(stable).values(), strict=True):
        assert torch.equal(a.B, b.B)
        assert (a.scale, b.scale) == (8 / 16, 8 / 4)


def test_a_rank_above_the_smaller_side_is_refused(make_model, refuses):
    add_lora(make_model(), LoraConfig(rank=32), generator())
    refuses(["rank 33", "32x32", "lora.adapter.rank"], add_lora, make_model(), LoraConfig(rank=33), generator())
    refuses(["rank 17", "16x32"], add_lora, make_model(kv_heads=1), LoraConfig(rank=17), generator())


def test_stabilised_updates_are_as_large_at_any_rank():
    """Effect: with B of signs, as Adam's first step makes it, the change shrinks with r in one case alone."""
    sizes: dict[bool, list[float]] = {False: [], True: []}
    for stabilized, found in sizes.items():
        for rank in (4, 64):
            model = One(128, 128)
            add_lora(model, LoraConfig(rank=rank, alpha=16.0, rank_stabilized=stabilized), generator())
            (part,) = parts_of(model).values()
            with torch.no_grad():
                part.B.copy_(torch.randn(part.B.shape, generator=generator(1)).sign())
                found.append(part.product().norm().item())
    assert sizes[True][1] / sizes[True][0] == pytest.approx(1.0, abs=0.1)
    assert sizes[False][1] / sizes[False][0] == pytest.approx(1 / 4, abs=0.05)


def test_ranks_and_alphas_by_layer(make_model, ids):
    config = LoraConfig(rank=4, alpha=8.0, ranks={"ffn": 2, "blocks.1.attention": 6}, alphas={"query": 3.0})
    model = make_model()
    expected = model(ids)
    add_lora(model, config, generator())
    parts = parts_of(model)
    assert {name: part.rank for name, part in parts.items() if ".ffn." in name} == dict.fromkeys(
        (f"blocks.{block}.ffn.{each}" for block in (0, 1) for each in ("gate", "up", "down")), 2
    )
    assert {part.rank for name, part in parts.items() if name.startswith("blocks.1.attention")} == {6}
    assert (parts["blocks.0.attention.query"].scale, parts["blocks.1.attention.query"].scale) == (3 / 4, 3 / 6)
    assert parts["blocks.1.attention.key"].scale == 8 / 6
    assert torch.equal(model(ids), expected)


def test_only_the_chosen_layers_get_an_update(make_model, ids):
    model = make_model()
    names = add_lora(model, LoraConfig(rank=4, targets=["query", "blocks.1.ffn.down"]), generator())
    assert names == list(layers(model)) == ["blocks.0.attention.query", "blocks.1.attention.query", "blocks.1.ffn.down"]
    loss_of(model.train(), ids).backward()
    changing = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert changing == {f"{name}.parts.default.{part}" for name in names for part in "AB"}


def test_the_head_can_be_adapted_where_it_is_its_own_matrix(make_model, ids, refuses, taught):
    model = make_model(tie_embeddings=False)
    assert add_lora(model, LoraConfig(rank=4, targets=["head"]), generator()) == ["head"]
    taught(model)
    expected = model(ids)
    merge_lora(model)
    assert (model(ids) - expected).abs().max() < 1e-5
    words = ["head shares its weight with embedding.weight", "tie_embeddings"]
    refuses(words, add_lora, make_model(), LoraConfig(targets=["head"]), generator())


def test_merging_what_is_folded_changes_nothing_more(adapted, ids):
    model = adapted()
    fold(model)
    expected = model(ids)
    merge_lora(model)
    assert torch.equal(model(ids), expected)


def test_removing_while_folded_is_refused(adapted, refuses):
    model = adapted()
    fold(model)
    refuses(["folded", "unfold"], remove_lora, model)


@pytest.mark.parametrize("name", ["", "Big", "a.b", "a_b", "train", "keys"])
def test_names_that_cannot_be_are_refused(make_model, refuses, name):
    refuses(["called", repr(name)], add_lora, make_model(), LoraConfig(), generator(), name)


def test_a_name_is_given_once(adapted, refuses):
    refuses(["has an adapter 'default'"], add_lora, adapted(), LoraConfig(rank=4), generator())


def test_an_adapter_that_is_not_there(make_model, adapted, refuses):
    refuses(["no adapter 'x'", "none"], parts_of, make_model(), "x")
    refuses(["no adapter 'x'", "default"], parts_of, adapted(), "x")


def test_adapter_tensors_are_copies(adapted):
    model = adapted()
    tensors = lora_tensors(model)
    assert len(tensors) == 2 * 2 * 7
    for tensor in tensors.values():
        tensor.zero_()
    assert all((tensor != 0).any() for tensor in lora_tensors(model).values())
