import torch

from llmlab.model.position import rotary_tables, rotate


def turned(x, position, base=10_000.0):
    return rotate(x, *rotary_tables(torch.tensor([position]), x.shape[-1], base))


def test_against_complex_numbers():
    """Pair i of a head is a complex number turned by t base^(-2i/E)."""
    x = torch.randn(2, 3, 7, 16)
    cos, sin = rotary_tables(torch.arange(7), 16, 10_000.0)
    pairs = torch.complex(x[..., :8], x[..., 8:]).to(torch.complex128)
    angles = torch.arange(7).double()[:, None] * 10_000.0 ** (-torch.arange(8).double() / 8)
    expected = pairs * torch.polar(torch.ones_like(angles), angles)
    found = rotate(x, cos, sin)
    assert torch.allclose(found[..., :8].double(), expected.real, atol=1e-5)
    assert torch.allclose(found[..., 8:].double(), expected.imag, atol=1e-5)


def test_position_zero_turns_nothing():
    x = torch.randn(1, 1, 1, 16)
    assert torch.equal(turned(x, 0), x)


def test_the_norm_of_every_head_is_kept():
    x = torch.randn(1, 4, 1, 16)
    assert torch.allclose(turned(x, 123).norm(dim=-1), x.norm(dim=-1), atol=1e-5)


def test_products_depend_on_the_distance_alone():
    q, k = torch.randn(1, 1, 1, 16), torch.randn(1, 1, 1, 16)
    products = [(turned(q, 5 + shift) * turned(k, 2 + shift)).sum().item() for shift in (0, 1, 40, 200)]
    assert max(products) - min(products) < 1e-4
    assert abs((turned(q, 5) * turned(k, 3)).sum().item() - products[0]) > 1e-3


def test_the_base_sets_the_wavelengths():
    cos, _ = rotary_tables(torch.arange(3), 4, 100.0)
    assert torch.allclose(cos[1], torch.tensor([1.0, 0.1, 1.0, 0.1]).cos(), atol=1e-7)


def test_low_precision_input_stays_low():
    assert turned(torch.randn(1, 1, 1, 16).bfloat16(), 3).dtype is torch.bfloat16
