import pytest
import torch

from llmlab.adapt.bank import adapters_of, use
from llmlab.adapt.combine import combined, nearest, put_combined
from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import add_lora, parts_of
from llmlab.adapt.merging import MergeConfig


@pytest.fixture
def two(make_model, taught):
    """A model with two adapters on partly different layers, one of them DoRA, both off."""
    model = make_model()
    for seed, (name, config) in enumerate(
        {
            "one": LoraConfig(rank=3, targets=["attention"]),
            "other": LoraConfig(rank=2, alpha=8.0, dora=True, targets=["query", "ffn"]),
        }.items()
    ):
        add_lora(model, config, torch.Generator().manual_seed(seed), name)
        taught(model, seed, name)
    use(model, {})
    return model.eval()


def generator():
    return torch.Generator().manual_seed(0)


def test_a_linear_merge_at_full_rank_is_the_stack(two, ids):
    strengths = {"one": 0.5, "other": 1.0}
    use(two, strengths)
    expected = two(ids)
    config, held = put_combined(two, combined(two, strengths, MergeConfig(), generator()), "both", 32)
    assert held == pytest.approx(1.0, abs=1e-5)
    assert (two(ids) - expected).abs().max() < 1e-4
    assert adapters_of(two) == ["both", "one", "other"]
    assert config.targets == sorted(parts_of(two, "both"))


def test_a_layer_of_one_adapter_alone_counts_as_unchanged_by_the_other(two):
    changes = combined(two, {"one": 1.0, "other": 1.0}, MergeConfig(method="ties"), generator())
    key, up = "blocks.0.attention.key", "blocks.0.ffn.up"
    assert torch.allclose(changes[key], parts_of(two, "one")[key].product(), atol=1e-6)
    assert changes[up].abs().max() > 0.1
    assert len(changes) == 2 * 7


def test_a_low_rank_keeps_the_largest_directions(two):
    changes = combined(two, {"one": 1.0}, MergeConfig(), generator())
    _, held = put_combined(two, changes, "small", 1)
    part = parts_of(two, "small")["blocks.0.attention.query"]
    u, values, vt = torch.linalg.svd(changes["blocks.0.attention.query"])
    assert torch.allclose(part.product(), values[0] * u[:, :1] @ vt[:1], atol=1e-4)
    assert 0.3 < held < 0.999
    _, whole = put_combined(two, changes, "whole", 3)
    assert whole == pytest.approx(1.0, abs=1e-5)


def test_ranks_end_at_the_smaller_side(make_model, taught):
    model = make_model(kv_heads=1)
    add_lora(model, LoraConfig(rank=4), torch.Generator())
    taught(model)
    changes = combined(model, {"default": 1.0}, MergeConfig(), generator())
    config, held = put_combined(model, changes, "wide", 24)
    assert config.ranks == dict.fromkeys((f"blocks.{b}.attention.{k}" for b in (0, 1) for k in ("key", "value")), 16)
    assert held == pytest.approx(1.0, abs=1e-5)


def test_on_packed_weights(make_model, taught, ids):
    model = make_model()
    add_lora(model, LoraConfig(rank=2, quantize="nf4"), torch.Generator(), "one")
    taught(model, name="one")
    expected = model(ids)
    config, _ = put_combined(model, combined(model, {"one": 1.0}, MergeConfig(), generator()), "again", 2)
    assert config.quantize == "nf4"
    assert (model(ids) - expected).abs().max() < 1e-4


def test_the_nearest_matrix_of_a_rank():
    matrix = torch.randn(6, 4)
    b, a, values = nearest(matrix, 2)
    assert (b.shape, a.shape) == ((6, 2), (2, 4))
    rest = torch.linalg.svdvals(matrix)[2:]
    assert torch.allclose((matrix - b @ a).square().sum(), rest.square().sum(), atol=1e-4)
    assert torch.allclose(b.norm(dim=0), a.norm(dim=1), atol=1e-5)
    assert torch.allclose(values, torch.linalg.svdvals(matrix)[:2], atol=1e-5)


def test_nothing_named_and_unknown_names_are_refused(two, refuses):
    refuses(["no adapter is named"], combined, two, {}, MergeConfig(), generator())
    refuses(["no adapter 'x'"], combined, two, {"x": 1.0}, MergeConfig(), generator())
