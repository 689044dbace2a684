import torch

from llmlab.model.ffn import FeedForward, GatedFeedForward, make_ffn


def test_swiglu_by_hand(tiny):
    ffn, x = make_ffn(tiny(ffn="swiglu")), torch.randn(2, 3, 32)
    assert isinstance(ffn, GatedFeedForward)
    gate, up, down = ffn.gate.weight, ffn.up.weight, ffn.down.weight
    gated = x @ gate.T
    expected = (gated / (1 + (-gated).exp()) * (x @ up.T)) @ down.T
    assert torch.allclose(ffn(x), expected, atol=1e-6)
    assert gate.shape == up.shape == (96, 32)


def test_squared_relu_by_hand(tiny):
    ffn, x = make_ffn(tiny(ffn="relu2")), torch.randn(2, 3, 32)
    assert isinstance(ffn, FeedForward)
    h = x @ ffn.up.weight.T
    assert torch.allclose(ffn(x), torch.where(h > 0, h * h, 0) @ ffn.down.weight.T, atol=1e-6)


def test_gelu_by_hand(tiny):
    ffn, x = make_ffn(tiny(ffn="gelu")), torch.randn(2, 3, 32)
    h = x @ ffn.up.weight.T
    assert torch.allclose(ffn(x), (h * 0.5 * (1 + torch.erf(h / 2**0.5))) @ ffn.down.weight.T, atol=1e-6)
    assert ffn.up.weight.shape == (128, 32)
