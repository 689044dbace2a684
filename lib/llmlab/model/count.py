"""Parameters, floating-point operations and bytes, from the config alone: before anything is built."""

from llmlab.model.config import GATE, ModelConfig


def count_parameters(config: ModelConfig, vocab_size: int) -> dict[str, int]:
    """Parameters by part; `total` counts a tied matrix once."""
    width, size = config.resolved_width, config.head_size
    matrices = 3 if config.ffn == "swiglu" else 2
    parts = {
        "embedding": vocab_size * width,
        "positions": config.context * width if config.position == "learned" else 0,
        "ngrams": 2 * config.ngram_rows * width,
        "smear": GATE + 1 if config.smear else 0,
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


def training_bytes(config: ModelConfig, vocab_size: int, rows: int, bytes_per_activation: int = 4) -> int:
    """An estimate of the memory that one training step needs: weights, gradients, two moments, activations, logits."""
    states = 16 * count_parameters(config, vocab_size)["total"]
    per_layer = 14 * config.resolved_width + 3 * config.resolved_hidden
    layers = 1 if config.gradient_checkpointing else config.depth
    activations = (layers * per_layer + 2 * config.depth * config.resolved_width) * bytes_per_activation
    logits = vocab_size * (4 + 4 + bytes_per_activation)
    return states + rows * config.context * (activations + logits)
