import pytest
import torch

from llmlab.model.norm import RMSNorm, make_norm


def test_rms_against_its_formula_and_torch():
    norm, x = RMSNorm(8), 5 * torch.randn(3, 4, 8)
    with torch.no_grad():
        norm.weight.normal_()
        by_hand = x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt() * norm.weight
        reference = torch.nn.RMSNorm(8, eps=1e-6)
        reference.weight.copy_(norm.weight)
        assert torch.allclose(norm(x), by_hand, atol=1e-6)
        assert torch.equal(norm(x), reference(x))


def test_layer_norm_has_mean_zero_variance_one_and_no_bias():
    norm = make_norm("layer", 32)
    y = norm(3 + 5 * torch.randn(4, 32))
    assert torch.allclose(y.mean(-1), torch.zeros(4), atol=1e-6)
    assert torch.allclose(y.var(-1, unbiased=False), torch.ones(4), atol=1e-4)
    assert [name for name, _ in norm.named_parameters()] == ["weight"]


@pytest.mark.parametrize("kind", ["rms", "layer"])
def test_the_scale_of_the_input_does_not_matter(kind):
    norm, x = make_norm(kind, 16), torch.randn(5, 16)
    assert torch.allclose(norm(x), norm(1000 * x), atol=1e-4)


def test_a_low_precision_stays_low():
    assert RMSNorm(8)(torch.randn(2, 8, dtype=torch.bfloat16)).dtype is torch.bfloat16


def test_a_vector_of_zeros_is_no_division_by_zero():
    assert torch.equal(RMSNorm(8)(torch.zeros(2, 8)), torch.zeros(2, 8))
