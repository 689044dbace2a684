import pytest
import torch
from torch import nn
from torch.nn import functional as F

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import add_lora, lora_tensors, merge_lora, parts_of
from llmlab.adapt.nf4_linear import Nf4Linear, dequantize_layers, packing, plain_linear, quantize_layers, weight_of
from llmlab.model.surgery import find, is_inner_linear


def held(model):
    """Bytes of the weights of the linear layers of the blocks."""
    tensors = [*model.named_parameters(), *model.named_buffers()]
    return sum(t.numel() * t.element_size() for name, t in tensors if name.startswith("blocks.") and "norm" not in name)


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_output_and_gradient_are_those_of_the_rounded_weight(double, bias):
    torch.manual_seed(2)
    linear = nn.Linear(24, 40, bias=bias)
    packed = Nf4Linear(linear, double)
    x = torch.randn(3, 5, 24, requires_grad=True)
    rounded = weight_of(packed)
    coefficient = torch.randn(3, 5, 40)
    expected = F.linear(x, rounded, linear.bias)
    (wanted,) = torch.autograd.grad((expected * coefficient).sum(), x)
    y = packed(x)
    (found,) = torch.autograd.grad((y * coefficient).sum(), x)
    assert torch.allclose(y, expected, atol=1e-6)
    assert torch.allclose(found, wanted, atol=1e-6)
    assert not torch.equal(rounded, linear.weight)


def test_the_unpacked_weight_is_not_kept_for_the_way_back():
    packed = Nf4Linear(nn.Linear(64, 64, bias=False), True)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor.shape) or tensor, lambda t: t):
        packed(torch.randn(2, 64, requires_grad=True))
    assert torch.Size([64, 64]) not in kept


def test_bf16_activations_stay_bf16():
    packed = Nf4Linear(nn.Linear(64, 32, bias=False), True)
    x = torch.randn(2, 64, dtype=torch.bfloat16, requires_grad=True)
    y = packed(x)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (torch.bfloat16, torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        assert packed(torch.randn(2, 64)).dtype == torch.bfloat16


def test_a_model_and_back(make_model, ids):
    model = make_model()
    plain = model(ids)
    names = quantize_layers(model, True)
    assert names == [name for name, _ in find(make_model(), is_inner_linear)]
    assert packing(model) == "nf4-double"
    assert held(model) < 0.2 * held(make_model())
    rounded = model(ids)
    assert 0.01 < (rounded - plain).abs().max() < 3
    dequantize_layers(model)
    assert packing(model) == "none"
    assert model.state_dict().keys() == make_model().state_dict().keys()
    assert torch.allclose(model(ids), rounded, atol=1e-5)


def test_a_plain_layer_stays_itself():
    linear = nn.Linear(4, 4)
    assert plain_linear(linear) is linear


@pytest.mark.parametrize("quantize", ["nf4", "nf4-double"])
@pytest.mark.parametrize("dora", [False, True])
def test_an_adapter_on_packed_weights(make_model, ids, taught, quantize, dora):
    """Starts as the rounded base, trains, and merges into plain weights."""
    model, rounded = make_model(), make_model()
    quantize_layers(rounded, quantize == "nf4-double")
    expected = rounded(ids)
    add_lora(model, LoraConfig(rank=4, dora=dora, quantize=quantize), torch.Generator().manual_seed(0))
    assert torch.equal(model(ids), expected)
    before = {name: tensor.clone() for name, tensor in model.named_buffers()}
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(ids).flatten(0, 1), ids.roll(-1, 1).flatten())
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 0.2
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.named_buffers())
    expected = model(ids)
    merge_lora(model)
    assert (model(ids) - expected).abs().max() < 2e-5
    assert model.state_dict().keys() == make_model().state_dict().keys()


def test_all_layers_are_packed_whichever_are_adapted(make_model):
    model = make_model()
    add_lora(model, LoraConfig(rank=2, targets=["query"], quantize="nf4"), torch.Generator())
    assert sum(isinstance(module, Nf4Linear) for module in model.modules()) == 14
    assert len(parts_of(model)) == 2
    merge_lora(model)
    assert packing(model) == "none"


def test_packing_makes_no_difference_to_where_a_starts(make_model):
    tensors = []
    for quantize in ("none", "nf4"):
        model = make_model()
        add_lora(model, LoraConfig(rank=4, quantize=quantize), torch.Generator().manual_seed(1))
        tensors.append(lora_tensors(model))
    assert all(torch.equal(tensor, tensors[1][name]) for name, tensor in tensors[0].items())


def test_one_model_has_one_packing(make_model, adapted, refuses):
    packed = make_model()
    add_lora(packed, LoraConfig(rank=2, quantize="nf4"), torch.Generator())
    add_lora(packed, LoraConfig(rank=2, quantize="nf4"), torch.Generator(), "second")
    for model, quantize in ((packed, "none"), (packed, "nf4-double"), (adapted(), "nf4")):
        refuses(["held as", quantize], add_lora, model, LoraConfig(rank=2, quantize=quantize), torch.Generator(), "x")
