import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from llmlab.model.attention import attention_mask
from llmlab.model.config import ModelConfig
from llmlab.model.count import cache_bytes_per_token, count_parameters, flops_per_token, footprint
from llmlab.model.transformer import Transformer


def test_parameters_of_one_model_by_hand(tiny):
    """Width 32, two heads of 16 on one key-value head, F 96, V 97, context 32, 61 rows, untied."""
    config = tiny(kv_heads=1, position="learned", ngram_rows=61, tie_embeddings=False)
    assert count_parameters(config, 97) == {
        "embedding": 3104,  # 97 x 32
        "positions": 1024,  # 32 x 32
        "ngrams": 3904,  # 2 tables x 61 x 32
        "smear": 0,
        "attention": 6144,  # 2 layers x (query 32x32 + key 16x32 + value 16x32 + output 32x32)
        "ffn": 18432,  # 2 layers x 3 matrices x 32 x 96
        "norms": 224,  # 5 norms x 32 + 2 layers x 2 x 16
        "head": 3104,
        "total": 35936,
    }


def test_parameters_of_every_flag_combination_are_those_of_the_module(flags, tiny):
    config = tiny(**flags)
    assert count_parameters(config, 97)["total"] == sum(p.numel() for p in Transformer(config, 97).parameters())


@pytest.mark.parametrize(
    "changes", [{}, {"kv_heads": 1}, {"ffn": "gelu"}, {"tie_embeddings": False, "depth": 3}], ids=str
)
def test_flops_are_those_that_torch_counts(changes, tiny, make_model):
    """Torch's counter sees the whole T x T square of scores; ours halves it, as causal attention needs only that."""
    config = tiny(**changes)
    model = make_model(**changes).train()
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model(torch.zeros(2, 32, dtype=torch.long)).sum().backward()
    square = 12 * config.depth * 32 * config.heads * config.head_size
    assert counter.get_total_flops() / 64 == flops_per_token(config, 97) + square / 2


@pytest.mark.parametrize("window", [None, 1, 8, 31, 32])
def test_attention_flops_follow_the_positions_really_seen(window, tiny):
    config = tiny(window=window, position="rope")
    row = torch.zeros(1, 32, dtype=torch.long)
    seen = attention_mask(row, row, window).sum().item() / 32
    # Two products (scores, values) of 2 flops, three times as much with the backward pass. The formula is continuous,
    # so it may differ by the half position of the diagonal.
    exact = 12 * config.depth * 32 * seen
    parts = count_parameters(config, 97)
    attention = flops_per_token(config, 97) - 6 * (parts["attention"] + parts["ffn"] + parts["embedding"])
    assert abs(attention - exact) <= 12 * config.depth * 32 * 0.51 + 12 * config.depth * 32 * (1 / 64)


@pytest.mark.parametrize("kv_heads", [None, 1])
def test_cache_bytes_are_those_of_the_cache(kv_heads, make_model, ids):
    model = make_model(kv_heads=kv_heads)
    _, cache = model.extend(ids[:1], None)
    held = sum(t.numel() * t.element_size() for layer in cache.layers for t in (layer.k_BKSE, layer.v_BKSE))
    assert held == cache.length * cache_bytes_per_token(model.config)
    assert cache_bytes_per_token(model.config, 2) * 2 == cache_bytes_per_token(model.config)


def training_bytes(*given, **more):
    """With the copies of the weights that a run keeps and ends with."""
    parts = footprint(*given, **more)
    return parts.weights + parts.peak(accumulate=False, end=parts.weights)


def test_the_memory_estimate_moves_with_what_costs_memory():
    config = ModelConfig(depth=4)
    base = training_bytes(config, 1000, 8)
    assert base > 16 * count_parameters(config, 1000)["total"]
    assert training_bytes(config, 1000, 16) > 1.5 * base
    assert training_bytes(config, 1000, 8, bytes_per_activation=2) < base
    assert training_bytes(ModelConfig(depth=4, gradient_checkpointing=True), 1000, 8) < 0.8 * base
    assert training_bytes(config, 8000, 8) > base
    assert training_bytes(ModelConfig(depth=8), 1000, 8) > 3 * base


def test_what_is_shared_by_processes_is_held_once():
    config = ModelConfig(depth=8, tie_embeddings=False)
    alone, ddp, zero, fsdp, pipeline = (
        footprint(config, 1000, 8, optimizer="muon", parallel=way, processes=4)
        for way in ("none", "ddp", "zero", "fsdp", "pipeline")
    )
    assert ddp == alone
    assert zero.optimizer == alone.optimizer // 4
    assert zero.weights == alone.weights
    for part in ("weights", "gradients", "optimizer"):
        assert getattr(fsdp, part) == getattr(alone, part) // 4
        assert getattr(pipeline, part) == getattr(alone, part) // 4
    assert fsdp.gathered > 0 == alone.gathered
    assert fsdp.peak(accumulate=True) < alone.peak(accumulate=True)
    one = footprint(config, 1000, 8, optimizer="muon", parallel="fsdp", processes=1)
    assert one == alone


@pytest.mark.parametrize("depth", [4, 8, 12, 16, 20, 24, 27])
def test_the_dial_gives_a_model_of_every_size_up_to_a_billion(depth):
    """Built without memory, on the device of shapes alone."""
    config = ModelConfig(depth=depth)
    with torch.device("meta"):
        model = Transformer(config, 32_768)
    total = count_parameters(config, 32_768)["total"]
    assert sum(p.numel() for p in model.parameters()) == total
    # Twelve D^2 a layer at D = 64 depth, but for norms and what rounding F up adds.
    assert total - 32_768 * 64 * depth == pytest.approx(12 * 64**2 * depth**3, rel=0.03)
    assert (depth < 27) == (total < 1e9)


def test_the_memory_estimate_is_near_what_autograd_keeps(make_model):
    """Within a factor of two of the activations that a forward pass really saves."""
    model = make_model(vocab=300, width=128, depth=4, context=128).train()
    kept = {}
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: (kept.update({(t.data_ptr(), t.numel()): t.numel() * t.element_size()}), t)[1], lambda t: t
    ):
        loss = torch.nn.functional.cross_entropy(
            model(torch.zeros(4, 128, dtype=torch.long)).flatten(0, 1), torch.zeros(512, dtype=torch.long)
        )
    weights = sum(p.numel() * 4 for p in model.parameters())
    activations = sum(kept.values()) - weights
    estimate = training_bytes(model.config, 300, 4) - 4 * weights
    assert loss.isfinite()
    assert 0.5 < estimate / activations < 2
