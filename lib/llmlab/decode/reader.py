"""A finished model rearranged for reading few ids at a time, where calls cost as much as sums.

A step of one id is a few matrix-vector products per layer, each bound by the reading of its matrix, and some forty
small operations between them, each bound by the call. So: query, key and value in one product, gate and up in one,
queries and keys normalised and turned together, rotary tables made once, no mask where nothing is hidden, and the head
for those positions only that are asked for. The numbers are those of the model up to rounding.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.model.attention import Attention
from llmlab.model.block import Block
from llmlab.model.cache import KVCache, LayerCache
from llmlab.model.ffn import FeedForward, GatedFeedForward
from llmlab.model.norm import RMSNorm
from llmlab.model.position import rotary_tables
from llmlab.model.surgery import replace
from llmlab.model.transformer import Transformer

Rotary = tuple[Tensor, Tensor]


class Reader(Transformer):
    """A `Transformer` in evaluation mode on the weights of another, its blocks as `JoinedBlock`.

    It stays on the device of the model, and shows its weights as they were when it was made.
    """

    def __init__(self, model: Transformer) -> None:
        """Share the parts of `model`, but for the matrices that are copied side by side into one."""
        nn.Module.__init__(self)
        self.config, self.vocab_size = model.config, model.vocab_size
        self.embedding, self.positions, self.ngrams = model.embedding, model.positions, model.ngrams
        self.smear, self.norm, self.head = model.smear, model.norm, model.head
        self.dropout = model.dropout
        self.blocks = nn.ModuleList(model.blocks)
        replace(self.blocks, lambda _, module: isinstance(module, Block), JoinedBlock)
        self._rotary: Rotary | None = None
        self.eval()

    def read(
        self, ids_BT: Tensor, cache: KVCache | None, documents_BT: Tensor | None = None, last: int = 1
    ) -> tuple[Tensor, KVCache]:
        """As `extend`, but the logits of the `last` positions only, (B, last, V): a prompt is read for one of them."""
        x_BTD, longer = self._run(ids_BT, documents_BT, cache, keep=True)
        assert longer is not None
        return self.head(x_BTD[:, -last:]), longer

    def _run(
        self, ids_BT: Tensor, documents_BT: Tensor | None, cache: KVCache | None, keep: bool = False
    ) -> tuple[Tensor, KVCache | None]:
        T, past = ids_BT.shape[1], cache.length if cache else 0
        ids_BS = torch.cat((cache.ids_BS, ids_BT), dim=1) if cache else ids_BT
        documents_BS = _documents(ids_BT, documents_BT, cache)
        unbroken = bool((documents_BS == documents_BS[:, :1]).all())
        mask = None if unbroken and self._sees_all(past, T) else self._mask(documents_BS, T, past, ids_BT.device)
        x_RD = self._embed(ids_BS, None if unbroken else documents_BS, T).flatten(0, 1)
        rotary = self._turns(past, T, ids_BT.device)
        layers: list[LayerCache] = []
        for number, block in enumerate(self.blocks):
            x_RD, kept = block(x_RD, T, rotary, mask, cache.layers[number] if cache else None)
            layers.append(kept)
        x_BTD = self.norm(x_RD).unflatten(0, (-1, T))
        return x_BTD, KVCache(tuple(layers), ids_BS, documents_BS) if keep else None

    def _sees_all(self, past: int, T: int) -> bool:
        """Whether the fused kernel needs no mask: one id that sees everything, or a beginning, which is causal."""
        window = self.config.window
        return (T == 1 or past == 0) and (window is None or past + T <= window)

    def _turns(self, past: int, T: int, device: torch.device) -> Rotary | None:
        """Cosines and sines (T, 1, E) of positions from `past` on, the sines of the first half negative."""
        if self.config.position != "rope":
            return None
        if self._rotary is None or len(self._rotary[0]) < past + T or self._rotary[0].device != device:
            places = torch.arange(max(self.config.context, past + T), device=device)
            cos_TE, sin_TE = rotary_tables(places, self.config.head_size, self.config.rope_base)
            sin_TE[:, : self.config.head_size // 2] *= -1
            self._rotary = cos_TE[:, None], sin_TE[:, None]
        cos_T1E, sin_T1E = self._rotary
        return cos_T1E[past : past + T], sin_T1E[past : past + T]


class JoinedBlock(nn.Module):
    """What a `Block` computes without dropout, with one product where it has several of the same input."""

    def __init__(self, block: nn.Module) -> None:
        """Take over the parts of a `Block` of plain linear layers."""
        super().__init__()
        assert isinstance(block, Block)
        attention, ffn = block.attention, block.ffn
        self.heads, self.kv_heads, self.head_size = attention.heads, attention.kv_heads, attention.head_size
        self.attention_norm, self.ffn_norm = _as_call(block.attention_norm), _as_call(block.ffn_norm)
        self.qkv = _joined(attention.query, attention.key, attention.value)
        self.output = attention.output
        self.scale_NE = _norm_weights(attention)
        self.eps = attention.query_norm.eps if attention.query_norm is not None else 0.0
        assert isinstance(ffn, FeedForward | GatedFeedForward)
        self.kind = ffn.kind if isinstance(ffn, FeedForward) else "swiglu"
        self.up = ffn.up if isinstance(ffn, FeedForward) else _joined(ffn.gate, ffn.up)
        self.down = ffn.down

    def forward(
        self, x_RD: Tensor, T: int, rotary: Rotary | None, mask: Tensor | None, past: LayerCache | None
    ) -> tuple[Tensor, LayerCache]:
        """As `Block.forward` on all R = B T positions as rows; without a mask, one id sees all and several are causal.

        What comes out of a product may have fewer bits than the stream: adding it to the stream widens it again.
        """
        attended, cache = self._attend(self.attention_norm(x_RD), T, rotary, mask, past)
        x_RD = x_RD + attended
        return x_RD + self.feed_forward(x_RD), cache

    def feed_forward(self, x_RD: Tensor) -> Tensor:
        """The second half of the block, before it is added."""
        h_RF = self.up(self.ffn_norm(x_RD))
        if self.kind == "swiglu":
            gate_RF, h_RF = h_RF.chunk(2, dim=-1)
            return self.down(F.silu(gate_RF) * h_RF)
        return self.down(F.relu(h_RF).square() if self.kind == "relu2" else F.gelu(h_RF))

    def projected(self, x_RD: Tensor, T: int, rotary: Rotary | None) -> tuple[Tensor, Tensor]:
        """Queries and keys side by side, normalised and turned, (B, T, H + K, E), and values (B, T, K, E)."""
        turning = self.heads + self.kv_heads
        all_BTNE = self.qkv(x_RD).to(x_RD.dtype).view(-1, T, turning + self.kv_heads, self.head_size)
        qk_BTNE = all_BTNE[:, :, :turning]
        if self.scale_NE is not None:
            qk_BTNE = torch.rms_norm(qk_BTNE, (self.head_size,), None, self.eps) * self.scale_NE
        if rotary is not None:
            qk_BTNE = _turned(qk_BTNE, rotary)
        return qk_BTNE, all_BTNE[:, :, turning:]

    def _attend(
        self, x_RD: Tensor, T: int, rotary: Rotary | None, mask: Tensor | None, past: LayerCache | None
    ) -> tuple[Tensor, LayerCache]:
        qk_BTNE, v_BTKE = self.projected(x_RD, T, rotary)
        qk_BNTE, v_BKTE = qk_BTNE.transpose(1, 2), v_BTKE.transpose(1, 2)
        k_BKTE = qk_BNTE[:, self.heads :]
        cache = LayerCache(k_BKTE, v_BKTE) if past is None else past.extended(k_BKTE, v_BKTE)
        y_BHTE = F.scaled_dot_product_attention(
            qk_BNTE[:, : self.heads],
            cache.k_BKSE,
            cache.v_BKSE,
            attn_mask=mask,
            is_causal=mask is None and T > 1,
            enable_gqa=self.heads != self.kv_heads,
        )
        return self.output(y_BHTE.transpose(1, 2).reshape(len(x_RD), -1)), cache


def _as_call(norm: nn.Module) -> Callable[[Tensor], Tensor]:
    """A norm as a function, which takes a third less time to call than a module."""
    assert isinstance(norm, RMSNorm | nn.LayerNorm)
    weight, shape, eps = norm.weight.detach(), norm.weight.shape, norm.eps
    if isinstance(norm, RMSNorm):
        return lambda x: torch.rms_norm(x, shape, weight, eps)
    return lambda x: F.layer_norm(x, shape, weight, None, eps)


def _turned(x_BTNE: Tensor, rotary: Rotary) -> Tensor:
    """As `rotate`: with the halves exchanged, one multiplication by signed sines is the other half of the turn."""
    cos_T1E, sin_T1E = rotary
    exchanged = x_BTNE.roll(x_BTNE.shape[-1] // 2, dims=-1)
    return torch.addcmul(x_BTNE * cos_T1E.to(x_BTNE.dtype), exchanged, sin_T1E.to(x_BTNE.dtype))


def _joined(*linears: nn.Linear) -> nn.Linear:
    """Linear layers of one input as one, their outputs side by side."""
    weight = torch.cat([linear.weight.detach() for linear in linears])
    joined = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
    joined.weight = nn.Parameter(weight, requires_grad=False)
    return joined


def _norm_weights(attention: Attention) -> Tensor | None:
    """The weights of the norms of queries and keys, one row per head, (H + K, E); None without norms."""
    query, key = attention.query_norm, attention.key_norm
    if query is None or key is None:
        return None
    rows = [query.weight.expand(attention.heads, -1), key.weight.expand(attention.kv_heads, -1)]
    return torch.cat(rows).detach()


def _documents(ids_BT: Tensor, documents_BT: Tensor | None, cache: KVCache | None) -> Tensor:
    """Document numbers of all positions, (B, S); ids after a prompt go on with the prompt's last document."""
    if documents_BT is None:
        documents_BT = cache.documents_BS[:, -1:].expand_as(ids_BT) if cache else torch.zeros_like(ids_BT)
    return torch.cat((cache.documents_BS, documents_BT), dim=1) if cache else documents_BT
