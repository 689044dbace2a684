"""Parameters, floating-point operations and bytes, from the config alone: before anything is built."""

from llmlab.model.config import ModelConfig

_HEAD_ROWS = 512  # of `train/head.py`, which lies on a floor above


def count_parameters(config: ModelConfig, vocab_size: int) -> dict[str, int]:
    """Parameters by part; `total` counts a tied matrix once."""
    width, size = config.resolved_width, config.head_size
    matrices = 3 if config.ffn == "swiglu" else 2
    parts = {
        "embedding": vocab_size * width,
        "positions": config.context * width if config.position == "learned" else 0,
        "ngrams": 2 * config.ngram_rows * width,
        "smear": config.smear * width,
        "attention": config.depth * (2 * config.heads + 2 * config.resolved_kv_heads) * size * width,
        "ffn": config.depth * matrices * width * config.resolved_hidden,
        "norms": (2 * config.depth + 1) * width + (config.depth * 2 * size if config.qk_norm else 0),
        "head": 0 if config.tie_embeddings else vocab_size * width,
    }
    return {**parts, "total": sum(parts.values())}


def flops_per_token(config: ModelConfig, vocab_size: int) -> int:
    """Multiply-adds counted as two, forward and backward, per trained token: 6 per matrix weight plus attention.

    Kaplan et al. 2020 (arXiv 2001.08361), table 1, with the attention term halved for causal masking: 6 T' D a layer,
    where T' is the average number of positions seen times two: T without a window, W (2 - W / T) with one of W.
    """
    parts = count_parameters(config, vocab_size)
    matrices = parts["attention"] + parts["ffn"] + vocab_size * config.resolved_width
    window = config.window or config.context
    twice_seen = 2 * window - window * window // config.context
    return 6 * matrices + 6 * config.depth * twice_seen * config.heads * config.head_size


def cache_bytes_per_token(config: ModelConfig, bytes_per_number: int = 4) -> int:
    """Bytes that the key-value cache grows by with each token of one sequence."""
    return 2 * config.depth * config.resolved_kv_heads * config.head_size * bytes_per_number


def training_bytes(
    config: ModelConfig,
    vocab_size: int,
    rows: int,
    bytes_per_activation: int = 4,
    *,
    optimizer: str = "adamw",
    accumulate: bool = False,
    isolated: bool = False,
    snapshots: int = 1,
) -> int:
    """The bytes of tensors that training holds, at the largest of three moments.

    The backward pass as it begins, with every activation; the update, with gradients and Muon's workspace; the end,
    with gradients and one more copy of the weights. Counted for eager mode on a CPU; fused kernels of a GPU keep less.
    With gradient checkpointing it is a lower bound: what the recomputed layers leave behind is not counted.

    Args:
        config: the model; all of its parameters are taken as trained.
        vocab_size: V.
        rows: of one pass.
        bytes_per_activation: 4 in fp32, 2 in bf16.
        optimizer: `adamw` or `muon`.
        accumulate: a step has several passes, so that gradients lie beside activations.
        isolated: documents in a row do not see each other, which takes an explicit mask.
        snapshots: copies of the weights that a run keeps: the best, and each milestone.
    """
    parts = count_parameters(config, vocab_size)
    total, matrices = parts["total"], parts["attention"] + parts["ffn"]
    moments = 4 * matrices + 8 * (total - matrices) if optimizer == "muon" else 8 * total
    held = 4 * total + moments + 4 * total * snapshots
    # Autocast keeps a copy of every matrix in bf16 for the pass.
    copies = 2 * (matrices + vocab_size * config.resolved_width) if bytes_per_activation == 2 else 0
    tokens = rows * config.context
    backward = copies + tokens * _kept_per_token(config, bytes_per_activation, isolated)
    # The head's gradient before and after it is scaled, and the logits of the few rows that it takes at a time.
    backward += 8 * vocab_size * config.resolved_width
    backward += min(tokens, _HEAD_ROWS) * vocab_size * (8 if bytes_per_activation == 2 else 4)
    workspace = _muon_numbers(config) * bytes_per_activation if optimizer == "muon" else 0
    return held + max(backward + (4 * total if accumulate else 0), 4 * total + max(workspace, 4 * total))


def _kept_per_token(config: ModelConfig, size: int, isolated: bool) -> int:
    """Bytes per token that autograd holds when the backward pass begins; `size` of a number that is no fp32 anyway."""
    D, K, F = config.resolved_width, config.resolved_kv_heads * config.head_size, config.resolved_hidden
    gated = config.ffn == "swiglu"
    # The stream and, for RMSNorm, the stream over its norm; queries and keys before and after their norm.
    full = (2 if config.norm == "layer" else 4) * D + (2 * (D + K) if config.qk_norm else 0)
    # What the kernel takes and gives, and its output laid out anew; inputs of products, which bf16 copies for each.
    low = 2 * D + 2 * K + (D if config.qk_norm else 0) + (4 if gated else 2) * F
    low += (3 + 1 + gated) * D if size == 2 else 2 * D
    masked = isolated or config.window is not None
    layer = 4 * full + size * (low + (config.context if masked else 0)) + (8 * D if config.dropout else 0)
    layers = layer + 4 * D * config.depth if config.gradient_checkpointing else layer * config.depth
    return layers + 12 * D + size * D


def _muon_numbers(config: ModelConfig) -> int:
    """Numbers that Muon holds at a time: it takes the matrices of one shape together.

    The updates, the iterate before and after, and twice its Gram matrix, which for a square is as large again.
    """
    D, K, F = config.resolved_width, config.resolved_kv_heads * config.head_size, config.resolved_hidden
    square = (4 if K == D else 2) * D * D
    wide = (2 if config.ffn == "swiglu" else 1) * D
    return config.depth * max(5 * square, wide * (3 * max(D, F) + 2 * min(D, F)))
