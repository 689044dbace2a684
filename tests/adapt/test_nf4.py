"""NF4 blocks against bitsandbytes: arrays that it wrote, and the library itself where it is installed."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from llmlab.adapt.nf4 import BLOCK, LEVELS, SCALES, Blocks, Scales, dequantize, dynamic_levels, quantize

# Written with bitsandbytes 0.50.2 on a CPU: `quantize_4bit(weight, 64, "nf4")`, with and without `compress_statistics`.
GOLDEN = Path(__file__).parents[1] / "golden" / "nf4.npz"
CASES = ("even", "odd", "zeros", "many")


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN, allow_pickle=False) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in arrays.files}


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * 0.05


@pytest.mark.parametrize("case", CASES)
def test_codes_scales_and_weights_are_those_of_bitsandbytes(golden, case):
    weight = golden[f"{case}/weight"].float()
    blocks = quantize(weight, double=False)
    assert torch.equal(blocks.codes, golden[f"{case}/codes"])
    assert torch.equal(blocks.scales, golden[f"{case}/scales"])
    if f"{case}/plain" in golden:
        assert torch.equal(dequantize(blocks), golden[f"{case}/plain"])


@pytest.mark.parametrize("case", CASES)
def test_scales_of_scales_are_those_of_bitsandbytes(golden, case):
    """Bit for bit but for one scale in `many`, for which its look-up table gives a level that is not the nearest."""
    scales = quantize(golden[f"{case}/weight"].float(), double=True).scales
    assert torch.equal(scales.largest, golden[f"{case}/largest"])
    assert torch.equal(scales.mean, golden[f"{case}/mean"])
    theirs = golden[f"{case}/scale_codes"]
    differing = (scales.codes != theirs).nonzero().flatten()
    assert len(differing) == (1 if case == "many" else 0)
    exact = golden[f"{case}/scales"] - scales.mean
    for place in differing:
        off = [
            (exact[place] - dynamic_levels()[codes[place].int()] * scales.largest[place // SCALES]).abs()
            for codes in (scales.codes, theirs)
        ]
        assert off[0] < off[1]
    if f"{case}/double" in golden:
        stored = Blocks(
            golden[f"{case}/codes"], Scales(theirs, scales.largest, scales.mean), tuple(golden[f"{case}/weight"].shape)
        )
        assert torch.equal(dequantize(stored), golden[f"{case}/double"])


def test_the_library_itself_agrees():
    """Larger weights, the library's own kernels, both ways."""
    functional = pytest.importorskip("bitsandbytes.functional")
    for number, shape in enumerate([(512, 384), (100, 30), (1, 65)]):
        weight = normal(*shape, seed=number)
        codes, state = functional.quantize_4bit(weight, blocksize=BLOCK, quant_type="nf4")
        ours = quantize(weight, double=False)
        assert torch.equal(ours.codes, codes.flatten())
        assert torch.equal(dequantize(ours), functional.dequantize_4bit(codes, state))
        codes, state = functional.quantize_4bit(weight, blocksize=BLOCK, quant_type="nf4", compress_statistics=True)
        ours = quantize(weight, double=True)
        assert (ours.scales.codes != state.absmax.flatten()).float().mean() < 0.005
        assert torch.allclose(dequantize(ours), functional.dequantize_4bit(codes, state), atol=1e-4)


def test_the_levels():
    """Increasing, with zero and both ends; the published construction: means of neighbouring normal quantiles."""
    assert list(LEVELS) == sorted(LEVELS)
    assert (LEVELS[0], LEVELS[7], LEVELS[15]) == (-1.0, 0.0, 1.0)
    quantile = torch.distributions.Normal(0.0, 1.0).icdf
    end = 0.9677083  # the offset that the authors' code uses
    upper = quantile(torch.linspace(end, 0.5, 9, dtype=torch.float64)[:-1])
    lower = -quantile(torch.linspace(end, 0.5, 8, dtype=torch.float64)[:-1])
    built = torch.cat((lower, torch.zeros(1, dtype=torch.float64), upper)).sort().values / upper.max()
    assert torch.allclose(built, torch.tensor(LEVELS, dtype=torch.float64), atol=1e-5)


def test_the_levels_of_scales(golden):
    assert torch.equal(dynamic_levels(), golden["levels"])
    assert len(dynamic_levels().unique()) == 256


@pytest.mark.parametrize("double", [False, True])
def test_every_number_is_within_half_a_gap_of_its_block(double):
    weight = normal(32, 96)
    found = dequantize(quantize(weight, double))
    gap = max(b - a for a, b in pairwise(LEVELS))
    largest = weight.view(-1, BLOCK).abs().amax(1, keepdim=True)
    slack = 0.02 * largest if double else 1e-7
    assert ((found - weight).view(-1, BLOCK).abs() <= gap / 2 * largest + slack).all()
    relative = ((found - weight).square().sum() / weight.square().sum()).sqrt()
    assert 0.07 < relative < 0.11  # about 0.09 for normal weights


def test_quantising_what_was_quantised_changes_nothing():
    once = dequantize(quantize(normal(16, 64), False))
    assert torch.equal(dequantize(quantize(once, False)), once)


def test_double_costs_an_eighth_of_a_bit_where_single_scales_cost_half():
    """Section 3 of the paper: 32 / 64 = 0.5 bits a number, then 8 / 64 + 32 / (64 * 256) = 0.127."""
    weight = normal(512, 256)
    bits = []
    for double in (False, True):
        blocks = quantize(weight, double)
        scales = blocks.scales
        tensors = [blocks.codes, *((scales.codes, scales.largest) if double else (scales,))]
        bits.append(8 * sum(tensor.numel() * tensor.element_size() for tensor in tensors) / weight.numel())
    assert bits == pytest.approx([4.5, 4.127], abs=1e-3)
