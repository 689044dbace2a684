"""Every flag of the model, what it means, and which pairs are illegal."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from llmlab.artifacts.errors import LabError

Positive = Annotated[int, Field(gt=0)]


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The architecture: `depth` is the one dial, and every size left at null follows from it (`resolved_…`)."""

    depth: Positive
    """Layers. Width defaults to 64 times this, so parameters grow about as its cube."""
    width: Positive | None = None
    """D, the size of the residual stream."""
    head_size: Positive = 64
    """E, per head; width / head_size query heads."""
    kv_heads: Positive | None = None
    """K of grouped-query attention (Ainslie et al. 2023, arXiv 2305.13245); null: one per query head."""
    hidden: Positive | None = None
    """F of the feed-forward; null: 4 D for `relu2` and `gelu`, 8/3 D rounded up to 32 for `swiglu` (equal weights)."""
    context: Positive = 256
    """T, the longest row trained on."""
    ffn: Literal["swiglu", "relu2", "gelu"] = "swiglu"
    """Feed-forward: gated (Shazeer 2020, arXiv 2002.05202), squared ReLU (So et al. 2021, arXiv 2109.08668), GELU."""
    norm: Literal["rms", "layer"] = "rms"
    """RMSNorm (Zhang & Sennrich 2019, arXiv 1910.07467) or LayerNorm, before each sublayer."""
    position: Literal["rope", "learned", "none"] = "rope"
    """Rotary (Su et al. 2021, arXiv 2104.09864), a learned table of `context` rows, or nothing."""
    rope_base: Annotated[float, Field(gt=1)] = 10_000.0
    """Base of the rotary wavelengths."""
    qk_norm: bool = True
    """RMSNorm on queries and keys, which bounds the attention logits (Henry et al. 2020, arXiv 2010.04245)."""
    tie_embeddings: bool = True
    """Use the token embedding as the output head (Press & Wolf 2017, arXiv 1608.05859)."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of activations dropped in training: after the embedding and at the end of each sublayer."""
    window: Positive | None = None
    """Sliding attention: a position sees itself and window - 1 before it, per layer; null: all."""
    ngram_rows: Annotated[int, Field(ge=0)] = 0
    """Rows of the hashed bigram and trigram embedding table added to the input; 0: none."""
    smear: Annotated[int, Field(ge=0, le=16)] = 0
    """Add to each embedding those of so many tokens before it, weighted by component (`smear.py`); 0: none."""
    embedding_norm: bool = False
    """RMS-normalise the embeddings before the smear, without weights, as nanochat does."""
    embedding_std: Annotated[float, Field(gt=0, le=1)] = 0.02
    """Standard deviation of token and position embeddings at the start (GPT-2: 0.02)."""
    zero_init: bool = False
    """Start the last matrix of each sublayer, and an untied head, at zero: every block begins as the identity."""
    gradient_checkpointing: bool = False
    """Recompute each block in the backward pass: memory for time, same numbers."""

    def __post_init__(self) -> None:
        """Refuse illegal pairs, naming the keys."""
        width, heads, kv_heads = self.resolved_width, self.heads, self.resolved_kv_heads
        if width % self.head_size:
            raise _illegal(f"width {width} is not a multiple of head_size {self.head_size}", "width or head_size")
        if heads % kv_heads:
            raise _illegal(f"{heads} query heads cannot share {kv_heads} kv_heads evenly", "kv_heads")
        if self.position == "rope" and self.head_size % 2:
            raise _illegal(f"rotary positions turn pairs, but head_size {self.head_size} is odd", "head_size")
        if self.window is not None and self.window > self.context:
            raise _illegal(f"window {self.window} is longer than context {self.context}", "window")
        if self.smear >= self.context:
            raise _illegal(f"smear {self.smear} reaches past the context {self.context}", "smear")
        alone = self.position == "none" and self.ngram_rows == 0 and self.smear == 0
        if alone and self.window == 1:
            raise _illegal(
                "with no positions, no n-grams, no smear and window 1 a token sees nothing but itself", "window"
            )

    @property
    def resolved_width(self) -> int:
        """D."""
        return self.width or 64 * self.depth

    @property
    def heads(self) -> int:
        """H."""
        return self.resolved_width // self.head_size

    @property
    def resolved_kv_heads(self) -> int:
        """K."""
        return self.kv_heads or self.heads

    @property
    def resolved_hidden(self) -> int:
        """F."""
        if self.hidden:
            return self.hidden
        if self.ffn == "swiglu":
            return -(-8 * self.resolved_width // (3 * 32)) * 32
        return 4 * self.resolved_width


def _illegal(problem: str, key: str) -> LabError:
    return LabError(f"model: {problem}", f"change `model.{key}` in params.yaml")
