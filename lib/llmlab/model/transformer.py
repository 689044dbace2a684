"""The model: embeddings, blocks, final norm, output head."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from llmlab.model.attention import attention_mask
from llmlab.model.block import Block
from llmlab.model.cache import KVCache, LayerCache
from llmlab.model.config import ModelConfig
from llmlab.model.init import init_weights
from llmlab.model.ngram import NgramEmbedding
from llmlab.model.norm import make_norm
from llmlab.model.position import rotary_tables
from llmlab.model.smear import Smear


class Transformer(nn.Module):
    """A decoder-only language model: ids in, logits of the next id out.

    Args:
        config: the architecture.
        vocab_size: V, from the tokenizer.
        generator: source of the initial weights; None leaves torch's own (for loading right after).
    """

    def __init__(self, config: ModelConfig, vocab_size: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config, self.vocab_size = config, vocab_size
        width = config.resolved_width
        self.embedding = nn.Embedding(vocab_size, width)
        self.positions = nn.Embedding(config.context, width) if config.position == "learned" else None
        self.ngrams = NgramEmbedding(config.ngram_rows, width) if config.ngram_rows else None
        self.smear = Smear(config.smear, width) if config.smear else None
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.norm = make_norm(config.norm, width)
        self.head = nn.Linear(width, vocab_size, bias=False)
        if config.tie_embeddings:
            self.head.weight = self.embedding.weight
        if generator is not None:
            init_weights(self, generator, config)

    def forward(self, ids_BT: Tensor, documents_BT: Tensor | None = None) -> Tensor:
        """Logits (B, T, V) in fp32 or the autocast dtype.

        Args:
            ids_BT: token ids, at most `context` of them a row when positions are learned.
            documents_BT: a number per position; positions with different numbers do not see each other. None: each
                row is one document.
        """
        return self.head(self.hidden(ids_BT, documents_BT))

    def hidden(self, ids_BT: Tensor, documents_BT: Tensor | None = None) -> Tensor:
        """The normalised last hidden state (B, T, D), which the head turns into logits."""
        x_BTD, _ = self._run(ids_BT, documents_BT, None)
        return x_BTD

    def extend(
        self, ids_BT: Tensor, cache: KVCache | None, documents_BT: Tensor | None = None
    ) -> tuple[Tensor, KVCache]:
        """Read T more ids after `cache`; logits (B, T, V) and the longer cache. Padding is document -1."""
        x_BTD, longer = self._run(ids_BT, documents_BT, cache, keep=True)
        assert longer is not None
        return self.head(x_BTD), longer

    def _run(
        self, ids_BT: Tensor, documents_BT: Tensor | None, cache: KVCache | None, keep: bool = False
    ) -> tuple[Tensor, KVCache | None]:
        T = ids_BT.shape[1]
        ids_BS = torch.cat((cache.ids_BS, ids_BT), dim=1) if cache else ids_BT
        documents_BS = _documents_so_far(ids_BT, documents_BT, cache)
        x_BTD = self.dropout(self._embed(ids_BS, documents_BS, T))
        x_BTD, layers = self._through(x_BTD, documents_BS, range(len(self.blocks)), cache)
        if not keep:
            return self.norm(x_BTD), None
        if documents_BS is None:
            documents_BS = torch.zeros_like(ids_BS)
        return self.norm(x_BTD), KVCache(tuple(layers), ids_BS, documents_BS)

    def part(self, x: Tensor, documents_BT: Tensor | None, layers: range) -> Tensor:
        """The model's work from the first of `layers` to the last: a part that a process may have alone.

        The part with the first layer takes ids and embeds them, the others hidden states (B, T, D); that with the last
        layer normalises.
        """
        x_BTD = x if layers.start else self.dropout(self._embed(x, documents_BT, x.shape[1]))
        x_BTD, _ = self._through(x_BTD, documents_BT, layers, None)
        return self.norm(x_BTD) if layers.stop == len(self.blocks) else x_BTD

    def _through(
        self, x_BTD: Tensor, documents_BS: Tensor | None, numbers: range, cache: KVCache | None
    ) -> tuple[Tensor, list[LayerCache]]:
        """The blocks of these numbers one after the other, and the keys and values of each."""
        T, past = x_BTD.shape[1], cache.length if cache else 0
        mask = self._mask(documents_BS, T, past, x_BTD.device)
        rotary = None
        if self.config.position == "rope":
            where_T = torch.arange(past, past + T, device=x_BTD.device)
            rotary = rotary_tables(where_T, self.config.head_size, self.config.rope_base)
        layers: list[LayerCache] = []
        for number in numbers:
            block, layer = self.blocks[number], cache.layers[number] if cache else None
            if self.config.gradient_checkpointing and self.training:
                x_BTD, kept = checkpoint(block, x_BTD, rotary, mask, layer, use_reentrant=False)
            else:
                x_BTD, kept = block(x_BTD, rotary, mask, layer)
            layers.append(kept)
        return x_BTD, layers

    def _mask(self, documents_BS: Tensor | None, T: int, past: int, device: torch.device) -> Tensor | None:
        """None when the fused kernel's own causal mask is the right one, which is faster than any explicit mask."""
        plain = documents_BS is None and past == 0
        if plain and self.config.window is None:
            return None
        if documents_BS is None:
            documents_BS = torch.zeros(1, past + T, dtype=torch.long, device=device)
        return attention_mask(documents_BS[:, past:], documents_BS, self.config.window)

    def _embed(self, ids_BS: Tensor, documents_BS: Tensor | None, T: int) -> Tensor:
        near = min(ids_BS.shape[1], T + self.config.smear)
        x_BND = self.embedding(ids_BS[:, -near:])
        if self.positions is not None:
            x_BND = x_BND + self.positions(_places(ids_BS, documents_BS)[:, -near:])
        if self.ngrams is not None:
            x_BND = x_BND + self.ngrams(ids_BS, documents_BS, near)
        if self.config.embedding_norm:
            x_BND = F.rms_norm(x_BND, x_BND.shape[-1:])
        if self.smear is not None:
            x_BND = self.smear(x_BND, None if documents_BS is None else documents_BS[:, -near:])
        return x_BND[:, -T:]


def _documents_so_far(ids_BT: Tensor, documents_BT: Tensor | None, cache: KVCache | None) -> Tensor | None:
    """Document numbers of all positions, (B, S); None when there is one document a row and nothing before it."""
    if cache is None:
        return documents_BT
    if documents_BT is None:
        # Ids that go on after a prompt belong to the prompt's last document, not to its padding.
        documents_BT = cache.documents_BS[:, -1:].expand(-1, ids_BT.shape[1])
    return torch.cat((cache.documents_BS, documents_BT), dim=1)


def _places(ids_BS: Tensor, documents_BS: Tensor | None) -> Tensor:
    """Position of each id within its own document, (B, S)."""
    place_S = torch.arange(ids_BS.shape[1], device=ids_BS.device)
    if documents_BS is None:
        return place_S.expand_as(ids_BS)
    starts_BS = torch.zeros_like(ids_BS)
    new_BS = documents_BS[:, 1:] != documents_BS[:, :-1]
    starts_BS[:, 1:] = torch.where(new_BS, place_S[1:], 0)
    return place_S - starts_BS.cummax(dim=1).values
