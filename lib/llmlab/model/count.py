"""Parameters, floating-point operations and bytes, from the config alone: before anything is built."""

from dataclasses import dataclass

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


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Bytes of the tensors that one process of a training holds, by what they are for."""

    weights: int
    gradients: int
    optimizer: int
    gathered: int
    """Under FSDP: what is whole for a moment, the embedding and two blocks, with its gradients."""
    copies: int
    """Matrices in bf16, which autocast makes for a pass."""
    activations: int
    """What autograd keeps for the backward pass, a recomputed block's included, and the gradients it begins with."""
    masks: int
    """Of these the attention masks, one a layer, all of one size."""
    head: int
    """The head's gradient before and after it is scaled, and `logits`."""
    logits: int
    """Of the few rows that the head takes at a time."""
    workspace: int
    """Of Muon's iteration."""

    def peak(self, accumulate: bool, end: int = 0) -> int:
        """The largest moment: a backward pass as it begins, the update, or the end with `end` more bytes.

        `accumulate`: gradients lie beside activations, as a step has several passes or a wrapper that keeps them.
        """
        backward = self.gathered + self.copies + self.activations + self.head + accumulate * self.gradients
        update = self.gradients + max(self.workspace, end)
        return self.weights + self.optimizer + max(backward, update)


def footprint(
    config: ModelConfig,
    vocab_size: int,
    rows: int,
    bytes_per_activation: int = 4,
    *,
    optimizer: str = "adamw",
    isolated: bool = False,
    parallel: str = "none",
    processes: int = 1,
) -> Footprint:
    """Counted for eager mode on a CPU; fused kernels of a GPU keep less.

    Args:
        config: the model; all of its parameters are taken as trained.
        vocab_size: V.
        rows: of one pass.
        bytes_per_activation: 4 in fp32, 2 in bf16.
        optimizer: `adamw` or `muon`.
        isolated: documents in a row do not see each other, which takes an explicit mask.
        parallel: how processes share the run, as in `train.parallel`.
        processes: how many.
    """
    parts = count_parameters(config, vocab_size)
    total, matrices = parts["total"], parts["attention"] + parts["ffn"]
    weights, moments = 4 * total, 4 * matrices + 8 * (total - matrices) if optimizer == "muon" else 8 * total
    tokens = rows * config.context
    # Beside what is kept, the gradients of the feed-forward that the backward pass begins with.
    begun = 2 * config.resolved_hidden * bytes_per_activation
    masked = isolated or config.window is not None
    masks = (
        tokens * bytes_per_activation * config.context * (1 if config.gradient_checkpointing else config.depth) * masked
    )
    activations = tokens * (_kept_per_token(config, bytes_per_activation) + begun) + masks
    low = bytes_per_activation == 2
    # Autocast keeps a copy of every matrix in bf16 for the pass; FSDP gathers blocks in bf16 to begin with.
    copies = 2 * ((0 if parallel == "fsdp" else matrices) + vocab_size * config.resolved_width) if low else 0
    logits = min(tokens, _HEAD_ROWS) * vocab_size * (8 if low else 4)
    workspace = _muon_numbers(config) * bytes_per_activation if optimizer == "muon" else 0
    gathered = 0
    if parallel == "fsdp" and processes > 1:
        blocks = 2 * matrices // config.depth
        gathered = 8 * (total - matrices) + blocks * (bytes_per_activation + 4)
        # Muon's matrices of one shape are whole in each process, while it works on its share of them.
        workspace = workspace // processes + (4 * matrices if optimizer == "muon" else 0)
    shared, owned = (processes if parallel in kinds else 1 for kinds in (("fsdp", "pipeline"), ("zero",)))
    layers = processes if parallel == "pipeline" else 1
    return Footprint(
        weights=weights // shared,
        gradients=4 * total // shared,
        optimizer=moments // (shared * owned),
        gathered=gathered,
        copies=copies // layers,
        # A pipeline keeps a pass for each of its processes, of their share of the layers.
        activations=activations,
        masks=masks,
        head=8 * vocab_size * config.resolved_width + logits,
        logits=logits,
        workspace=workspace // (layers * owned),
    )


def _kept_per_token(config: ModelConfig, size: int) -> int:
    """Bytes per token, masks aside, that autograd holds as the backward pass begins; `size` of a number not in fp32."""
    D, K, F = config.resolved_width, config.resolved_kv_heads * config.head_size, config.resolved_hidden
    gated = config.ffn == "swiglu"
    # The stream and, for RMSNorm, the stream over its norm; queries and keys before and after their norm.
    full = (2 if config.norm == "layer" else 4) * D + (2 * (D + K) if config.qk_norm else 0)
    # What the kernel takes and gives, and its output laid out anew; inputs of products, which bf16 copies for each.
    low = 2 * D + 2 * K + (D if config.qk_norm else 0) + (4 if gated else 2) * F
    low += (3 + 1 + gated) * D if size == 2 else 2 * D
    layer = 4 * full + size * low + (8 * D if config.dropout else 0)
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
