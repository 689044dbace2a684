"""One layer: attention, then feed-forward, each on a normalised copy and added back (pre-norm)."""

from torch import Tensor, nn

from llmlab.model.attention import Attention
from llmlab.model.cache import LayerCache
from llmlab.model.config import ModelConfig
from llmlab.model.ffn import make_ffn
from llmlab.model.norm import make_norm


class Block(nn.Module):
    """x + attention(norm x), then x + ffn(norm x)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = make_norm(config.norm, config.resolved_width)
        self.attention = Attention(config)
        self.ffn_norm = make_norm(config.norm, config.resolved_width)
        self.ffn = make_ffn(config)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, x_BTD: Tensor, rotary: tuple[Tensor, Tensor] | None, mask: Tensor | None, past: LayerCache | None
    ) -> tuple[Tensor, LayerCache]:
        """Arguments and cache as in `Attention.forward`."""
        attended, cache = self.attention(self.attention_norm(x_BTD), rotary, mask, past)
        x_BTD = x_BTD + self.dropout(attended)
        return x_BTD + self.dropout(self.ffn(self.ffn_norm(x_BTD))), cache
