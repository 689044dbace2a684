import math

import pytest
import torch

from llmlab.model.attention import Attention, attention_mask
from llmlab.model.position import rotary_tables


def by_hand(layer, x, mask):
    """Attention of one row and head by head, with loops and a written-out softmax."""
    T, E = x.shape[0], layer.head_size
    q, k, v = (part(x).view(T, -1, E) for part in (layer.query, layer.key, layer.value))
    out = torch.zeros(T, layer.heads, E)
    for head in range(layer.heads):
        shared = head // (layer.heads // layer.kv_heads)
        for t in range(T):
            scores = {s: (q[t, head] @ k[s, shared]).item() / math.sqrt(E) for s in range(T) if mask[t, s]}
            total = sum(map(math.exp, scores.values()))
            out[t, head] = sum(math.exp(score) / total * v[s, shared] for s, score in scores.items())
    return layer.output(out.flatten(1))


@pytest.mark.parametrize("kv_heads", [4, 2, 1])
@pytest.mark.parametrize("window", [None, 3])
def test_against_loops(kv_heads, window, tiny):
    layer = Attention(tiny(width=64, kv_heads=kv_heads, qk_norm=False))
    x = torch.randn(1, 7, 64)
    numbers = torch.zeros(1, 7, dtype=torch.long)
    mask = attention_mask(numbers, numbers, window)
    with torch.no_grad():
        found, _ = layer(x, None, mask, None)
        assert torch.allclose(found[0], by_hand(layer, x[0], mask[0, 0]), atol=1e-6)
        if window is None:
            assert torch.allclose(layer(x, None, None, None)[0], found, atol=1e-6)


@pytest.mark.parametrize("kv_heads", [2, 1])
@pytest.mark.parametrize("qk_norm", [True, False])
def test_grouped_queries_are_heads_with_repeated_keys_and_values(kv_heads, qk_norm, tiny):
    grouped = Attention(tiny(width=64, kv_heads=kv_heads, qk_norm=qk_norm))
    full = Attention(tiny(width=64, kv_heads=4, qk_norm=qk_norm))
    state = grouped.state_dict()
    for name in ("key.weight", "value.weight"):
        state[name] = state[name].view(kv_heads, 16, 64).repeat_interleave(4 // kv_heads, dim=0).flatten(0, 1)
    full.load_state_dict(state)
    x, rotary = torch.randn(2, 9, 64), rotary_tables(torch.arange(9), 16, 100.0)
    with torch.no_grad():
        assert (grouped(x, rotary, None, None)[0] - full(x, rotary, None, None)[0]).abs().max() < 1e-6
        assert grouped(x, rotary, None, None)[1].k_BKSE.shape == (2, kv_heads, 9, 16)


def test_query_key_norm_bounds_the_logits(tiny):
    """|q.k| / sqrt(E) <= g_q g_k sqrt(E) however large the input; without the norm it grows with the input."""
    for qk_norm in (True, False):
        layer = Attention(tiny(qk_norm=qk_norm))
        x = 1000 * torch.randn(1, 20, 32)
        with torch.no_grad():
            q, k = layer._heads(layer.query(x), 2), layer._heads(layer.key(x), 2)
            if layer.query_norm is not None and layer.key_norm is not None:
                layer.query_norm.weight.fill_(1.5)
                layer.key_norm.weight.fill_(0.5)
                q, k = layer.query_norm(q), layer.key_norm(k)
            largest = (q @ k.transpose(-1, -2)).abs().max().item() / math.sqrt(16)
        bound = 1.5 * 0.5 * math.sqrt(16)
        assert (largest <= bound * (1 + 1e-5)) is qk_norm


def test_the_query_key_norm_is_used(tiny):
    layer = Attention(tiny(qk_norm=True))
    x = torch.randn(1, 6, 32)
    with torch.no_grad():
        before = layer(x, None, None, None)[0]
        layer.query.weight *= 100
        layer.key.weight *= 100
        assert torch.allclose(layer(x, None, None, None)[0], before, atol=1e-4)


def test_the_mask_entry_by_entry():
    """Two documents and padding in a row of six, three of them queries, window 2."""
    numbers = torch.tensor([[-1, 0, 0, 0, 1, 1]])
    found = attention_mask(numbers[:, 3:], numbers, 2)
    assert found.shape == (1, 1, 3, 6)
    assert found[0, 0].int().tolist() == [[0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, 1]]
    assert attention_mask(numbers, numbers, None)[0, 0].int().tolist() == [
        [1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0], [0, 1, 1, 1, 0, 0], [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1, 1],
    ]  # fmt: skip
    assert attention_mask(numbers, numbers, 1)[0, 0].int().tolist() == torch.eye(6).int().tolist()


def test_no_row_of_a_mask_is_empty():
    """A softmax over nothing is NaN, so every query, padding included, sees at least itself."""
    numbers = torch.randint(-1, 3, (5, 20)).sort(dim=1).values
    for window in (None, 1, 4):
        assert attention_mask(numbers, numbers, window).any(dim=-1).all()
