"""DoRA, in the form of its paper and of the PEFT library; the plain update is tested through test_lora.py."""

import pytest
import torch
from peft import LoraConfig as PeftConfig
from peft import get_peft_model
from torch import nn

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import add_lora, lora_tensors, merge_lora, parts_of
from llmlab.adapt.low_rank import LowRank
from llmlab.adapt.targets import Slot


def layer_and_part(dora=True, dropout=0.0, bias=False):
    torch.manual_seed(3)
    layer = nn.Linear(12, 10, bias=bias)
    part = LowRank(layer, Slot(3, 1.5), dropout, dora, torch.Generator().manual_seed(1))
    return layer, part


def taught(part):
    with torch.no_grad():
        part.B.normal_()
        part.magnitude.mul_(torch.rand(10) + 0.5)
    return part


@pytest.mark.parametrize("config", [{"dora": True}, {"dora": True, "dropout": 0.5}], ids=str)
def test_at_the_start_the_output_is_the_bases_bit_for_bit(make_model, ids, config):
    model = make_model()
    expected = model(ids)
    add_lora(model, LoraConfig(rank=4, **config), torch.Generator().manual_seed(0))
    assert torch.equal(model(ids), expected)
    # The base's products of dropped inputs come and go with a factor of exactly zero.
    assert torch.equal(model.train()(ids), expected)


def test_the_magnitude_starts_as_the_lengths_of_the_rows():
    layer, part = layer_and_part()
    lengths = torch.stack([row.square().sum().sqrt() for row in layer.weight])
    assert torch.allclose(part.magnitude, lengths, atol=1e-6)
    assert layer_and_part(dora=False)[1].magnitude is None


def test_the_weight_is_the_papers():
    """W' = m (W + s B A) / |W + s B A|, so every row of W' has the length that m says."""
    layer, part = layer_and_part()
    taught(part)
    with torch.no_grad():
        moved = layer.weight + 1.5 * part.B @ part.A
        expected = part.magnitude[:, None] * moved / moved.norm(dim=1, keepdim=True)
        found = layer.weight + part.change(layer.weight)
        assert torch.allclose(found, expected, atol=1e-5)
        assert torch.allclose(found.norm(dim=1), part.magnitude, atol=1e-5)
        x = torch.randn(4, 12)
        y = layer(x)
        assert torch.allclose(y + part(x, y, layer), x @ expected.T, atol=1e-5)


def test_a_bias_is_left_as_it_is():
    layer, part = layer_and_part(bias=True)
    taught(part)
    with torch.no_grad():
        x = torch.randn(4, 12)
        y = layer(x)
        expected = x @ (layer.weight + part.change(layer.weight)).T + layer.bias
        assert torch.allclose(y + part(x, y, layer), expected, atol=1e-5)


def test_gradients_take_the_length_as_a_constant():
    """Section 4.3 of the paper: the gradient of A is that of the low-rank product times m / |W + s B A|."""
    layer, part = layer_and_part()
    taught(part)
    layer.requires_grad_(False)
    x, coefficient = torch.randn(4, 12), torch.randn(4, 10)
    y = layer(x)
    ((y + part(x, y, layer)) * coefficient).sum().backward()
    moved = layer.weight + 1.5 * (part.B @ part.A).detach()
    gain = part.magnitude.detach() / moved.norm(dim=1)
    expected = 1.5 * (part.B.detach() * gain[:, None]).T @ coefficient.T @ x
    assert torch.allclose(part.A.grad, expected, atol=1e-4)
    direction = moved / moved.norm(dim=1, keepdim=True)
    assert torch.allclose(part.magnitude.grad, (coefficient * (x @ direction.T)).sum(0), atol=1e-4)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_output_and_gradients_are_pefts(make_model, ids, dropout):
    """The same tensors in both libraries, in training mode with dropout from the same generator state."""
    config = PeftConfig(
        r=4,
        lora_alpha=12,
        lora_dropout=dropout,
        use_dora=True,
        target_modules=["query", "down"],
        init_lora_weights=True,
    )
    theirs = get_peft_model(make_model(), config)
    ours = make_model()
    add_lora(
        ours, LoraConfig(rank=4, alpha=12, dropout=dropout, dora=True, targets=["query", "down"]), torch.Generator()
    )
    named = dict(theirs.named_parameters())
    for layer, part in parts_of(ours).items():
        with torch.no_grad():
            part.B.normal_()
            part.magnitude.mul_(1.3)
            for name, own in (("lora_A.default.weight", part.A), ("lora_B.default.weight", part.B)):
                named[f"base_model.model.{layer}.{name}"].copy_(own)
            named[f"base_model.model.{layer}.lora_magnitude_vector.default.weight"].copy_(part.magnitude)
    for model in (theirs.base_model, ours):
        torch.manual_seed(9)
        model.train()(ids).square().mean().backward()
    for layer, part in parts_of(ours).items():
        for name, own in (("lora_A", part.A), ("lora_B", part.B), ("lora_magnitude_vector", part.magnitude)):
            grad = named[f"base_model.model.{layer}.{name}.default.weight"].grad
            assert torch.allclose(own.grad, grad, rtol=1e-3, atol=1e-6), (layer, name)
    assert torch.allclose(ours.eval()(ids), theirs.base_model.eval()(ids), atol=1e-5)


def test_merging_keeps_the_logits(adapted, ids):
    model = adapted(LoraConfig(rank=4, alpha=8.0, dora=True))
    expected = model(ids)
    merge_lora(model)
    assert (model(ids) - expected).abs().max() < 2e-5


def test_the_magnitude_can_turn_what_the_update_cannot(make_model, ids):
    """Effect: with the low-rank part at zero, training the magnitude alone lowers the loss."""
    model = make_model()
    add_lora(model, LoraConfig(rank=2, dora=True), torch.Generator().manual_seed(0))
    lengths = [part.magnitude for part in parts_of(model).values()]
    optimizer = torch.optim.Adam(lengths, lr=0.02)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(ids).flatten(0, 1), ids.roll(-1, 1).flatten())
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.1
    assert all((tensor == 0).all() for name, tensor in lora_tensors(model).items() if name.endswith(".B"))
