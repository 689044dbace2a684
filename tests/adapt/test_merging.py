import pytest
import torch
from peft.utils import merge_utils

from llmlab.adapt.merging import MergeConfig, drop_and_rescale, merge
from llmlab.artifacts.params import build

A = torch.tensor([1.0, -2.0, 0.1, 3.0])
B = torch.tensor([2.0, 1.0, -0.2, -1.0])
PEFT = {
    "linear": lambda tensors, weights, config: merge_utils.task_arithmetic(tensors, weights),
    "ties": lambda tensors, weights, config: merge_utils.ties(tensors, weights, config.density, config.election),
    "dare": lambda tensors, weights, config: merge_utils.dare_linear(tensors, weights, config.density),
    "dare-ties": lambda tensors, weights, config: merge_utils.dare_ties(
        tensors, weights, config.density, config.election
    ),
}


def merged(updates, weights=(1.0, 1.0), **values):
    return merge(updates, weights, MergeConfig(**values), torch.Generator().manual_seed(4))


@pytest.mark.parametrize(
    ("density", "expected"), [(1.0, [1.5, -2.0, -0.2, 3.0]), (0.5, [2.0, -2.0, 0.0, 3.0])], ids=str
)
def test_ties_of_two_small_updates(density, expected):
    assert torch.allclose(merged([A, B], method="ties", density=density), torch.tensor(expected))


@pytest.mark.filterwarnings("ignore:The density")
@pytest.mark.parametrize(
    ("method", "density", "election"),
    [
        ("linear", 1.0, "total"),
        *(("dare", density, "total") for density in (1.0, 0.5, 0.2)),
        *(
            (method, density, election)
            for method in ("ties", "dare-ties")
            for density in (1.0, 0.5, 0.2)
            for election in ("total", "frequency")
        ),
    ],
)
def test_equal_to_pefts(method, density, election):
    generator = torch.Generator().manual_seed(1)
    updates = [torch.randn(17, 23, generator=generator) for _ in range(3)]
    updates[1][:, 3] = 0
    weights = [0.7, -0.4, 1.5]
    config = MergeConfig(method=method, density=density, election=election)
    torch.manual_seed(4)  # PEFT draws from the global generator
    expected = PEFT[method](updates, torch.tensor(weights), config)
    assert torch.equal(merge(updates, weights, config, torch.Generator().manual_seed(4)), expected)


def test_one_update_of_strength_one_stays_itself():
    for method in ("linear", "ties", "dare", "dare-ties"):
        assert torch.equal(merged([A], [1.0], method=method), A)


def test_dropping_keeps_the_mean_and_the_share():
    update = torch.ones(100_000)
    found = drop_and_rescale(update, 0.25, torch.Generator().manual_seed(0))
    assert set(found.tolist()) == {0.0, 4.0}
    assert found.mean().item() == pytest.approx(1.0, abs=0.02)


def test_ties_keeps_what_only_one_update_says():
    """Effect: where updates do not overlap a sum of halves loses half of each, TIES nothing."""
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([0.0, -1.0])
    assert merged([one, other], [0.5, 0.5]).tolist() == [0.5, -0.5]
    assert merged([one, other], method="ties").tolist() == [1.0, -1.0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"method": "mean"}, ["merge.method"]),
        ({"density": 0}, ["merge.density"]),
        ({"density": 1.5, "method": "dare"}, ["merge.density"]),
        ({"method": "linear", "density": 0.5}, ["linear merge keeps all"]),
        ({"method": "dare", "election": "frequency"}, ["elects no sign"]),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(values, words, refuses):
    refuses(words, build, MergeConfig, values, "merge")
