"""Causal self-attention with grouped queries, optional query-key norm, rotary positions and a sliding window."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.model.cache import LayerCache
from llmlab.model.config import ModelConfig
from llmlab.model.norm import RMSNorm
from llmlab.model.position import rotate


class Attention(nn.Module):
    """softmax(q k^T / sqrt(E) + mask) v per head (Vaswani et al. 2017, equation 1), through torch's fused kernel."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        width, size = config.resolved_width, config.head_size
        self.heads, self.kv_heads, self.head_size = config.heads, config.resolved_kv_heads, size
        self.query = nn.Linear(width, self.heads * size, bias=False)
        self.key = nn.Linear(width, self.kv_heads * size, bias=False)
        self.value = nn.Linear(width, self.kv_heads * size, bias=False)
        self.output = nn.Linear(self.heads * size, width, bias=False)
        self.query_norm = RMSNorm(size) if config.qk_norm else None
        self.key_norm = RMSNorm(size) if config.qk_norm else None

    def forward(
        self, x_BTD: Tensor, rotary: tuple[Tensor, Tensor] | None, mask: Tensor | None, past: LayerCache | None
    ) -> tuple[Tensor, LayerCache]:
        """Attend over `past` and x.

        Args:
            x_BTD: normalised input.
            rotary: cosines and sines (T, E) of these positions, or None.
            mask: True where a query may look, broadcastable to (B, H, T, S); None means plain causal and needs
                `past` to be None.
            past: keys and values of earlier positions.

        Returns:
            (B, T, D) and the cache that now includes these T positions.
        """
        q_BHTE = self._heads(self.query(x_BTD), self.heads)
        k_BKTE = self._heads(self.key(x_BTD), self.kv_heads)
        v_BKTE = self._heads(self.value(x_BTD), self.kv_heads)
        if self.query_norm is not None and self.key_norm is not None:
            q_BHTE, k_BKTE = self.query_norm(q_BHTE), self.key_norm(k_BKTE)
        if rotary is not None:
            q_BHTE, k_BKTE = rotate(q_BHTE, *rotary), rotate(k_BKTE, *rotary)
        cache = LayerCache(k_BKTE, v_BKTE) if past is None else past.extended(k_BKTE, v_BKTE)
        y_BHTE = F.scaled_dot_product_attention(
            q_BHTE,
            cache.k_BKSE,
            cache.v_BKSE,
            attn_mask=mask,
            is_causal=mask is None,
            enable_gqa=self.heads != self.kv_heads,
        )
        return self.output(y_BHTE.transpose(1, 2).flatten(2)), cache

    def _heads(self, x_BTD: Tensor, heads: int) -> Tensor:
        return x_BTD.unflatten(-1, (heads, self.head_size)).transpose(1, 2)


def attention_mask(documents_BT: Tensor, documents_BS: Tensor, window: int | None) -> Tensor:
    """Who may look at whom, (B, 1, T, S): never ahead, never into another document, at most `window` back.

    The T queries are the last T of the S positions. Padding is a document of its own (-1): its rows see only each
    other, so a softmax never runs over nothing.
    """
    T, S = documents_BT.shape[1], documents_BS.shape[1]
    distance_TS = torch.arange(S - T, S, device=documents_BT.device)[:, None] - torch.arange(
        S, device=documents_BT.device
    )
    allowed_TS = distance_TS >= 0
    if window is not None:
        allowed_TS &= distance_TS < window
    same_BTS = documents_BT[:, :, None] == documents_BS[:, None, :]
    return (same_BTS & allowed_TS)[:, None]
