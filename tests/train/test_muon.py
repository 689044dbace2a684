import pytest
import torch
from torch import nn

from llmlab.train.muon import ROUNDS, Muon, orthogonalize

SHAPES = [(16, 16), (16, 16), (64, 16), (16, 64), (48, 8)]


def parameters(generator):
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


@pytest.mark.parametrize("shape", [(3, 64, 128), (3, 128, 64), (1, 96, 32)])
def test_singular_values_end_near_one(shape):
    """science: [0.65, 1.2] for rectangular matrices, with the directions of the input's own U V^T."""
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    found = orthogonalize(matrices, torch.float32)
    values = torch.linalg.svdvals(found)
    assert values.min() > 0.65
    assert values.max() < 1.2
    u, _, vt = torch.linalg.svd(matrices, full_matrices=False)
    off = u.mT @ found @ vt.mT
    assert (off - torch.diag_embed(off.diagonal(dim1=-2, dim2=-1))).abs().max() < 1e-3


def test_rounds_of_the_polar_express_are_the_best_quintics():
    """Nearest to 1 in the maximum norm: the error meets its bounds four times in turn (Chebyshev)."""
    values = torch.linspace(0.02, 1, 200_001, dtype=torch.float64)
    low, high = 0.02, 1.0
    for a, b, c in ROUNDS["polar-express"]:
        s = torch.linspace(low, high, 200_001, dtype=torch.float64)
        error = a * s + b * s**3 + c * s**5 - 1
        turns = (error[1:-1] - error[:-2]).sign() != (error[2:] - error[1:-1]).sign()
        extremes = torch.cat((error[:1], error[1:-1][turns], error[-1:]))
        assert len(extremes) == 4
        assert torch.equal(extremes.sign(), torch.tensor([-1.0, 1.0, -1.0, 1.0], dtype=torch.float64))
        assert extremes.abs().std() < 1e-5
        low, high = 1 - float(extremes.abs().max()), 1 + float(extremes.abs().max())
        values = a * values + b * values**3 + c * values**5
    assert values.min() > 0.90
    assert values.max() < 1.10


@pytest.mark.parametrize("shape", [(3, 64, 128), (3, 128, 64), (1, 96, 32)])
def test_three_rounds_of_the_polar_express_come_nearer_than_five_quintics(shape):
    """Against the exact polar factor U V^T."""
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    u, _, vt = torch.linalg.svd(matrices, full_matrices=False)
    off = {kind: (orthogonalize(matrices, torch.float32, ROUNDS[kind]) - u @ vt).norm() for kind in ROUNDS}
    assert off["polar-express"] < 0.6 * off["quintic"]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 3e-3), (torch.bfloat16, 3e-3)])
def test_five_steps_equal_those_of_torch(dtype, tolerance):
    """torch computes in bf16, one matrix at a time: equal up to that rounding, a hundredth of the step."""
    generator = torch.Generator().manual_seed(2)
    ours = parameters(generator)
    theirs = [nn.Parameter(p.detach().clone()) for p in ours]
    mine = Muon(ours, 0.05, momentum=0.9, weight_decay=0.3, dtype=dtype)
    peer = torch.optim.Muon(theirs, lr=0.05, momentum=0.9, weight_decay=0.3)
    for _ in range(5):
        for a, b in zip(ours, theirs, strict=True):
            a.grad = torch.randn(a.shape, generator=generator)
            b.grad = a.grad.clone()
        mine.step()
        peer.step()
    for a, b in zip(ours, theirs, strict=True):
        assert (a - b).abs().max() < tolerance


def test_a_parameter_without_gradient_stays():
    still, moved = nn.Parameter(torch.ones(4, 4)), nn.Parameter(torch.ones(4, 4))
    moved.grad = torch.randn(4, 4)
    Muon([still, moved], 0.1, momentum=0.9, weight_decay=0.1, dtype=torch.float32).step()
    assert torch.equal(still, torch.ones(4, 4))
    assert not torch.equal(moved, torch.ones(4, 4))
