"""The feed-forward sublayer: SwiGLU, squared ReLU or GELU."""

from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.model.config import ModelConfig


class FeedForward(nn.Module):
    """down(relu(up x)^2) or down(gelu(up x)), two matrices."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.kind = config.ffn
        self.up = nn.Linear(config.resolved_width, config.resolved_hidden, bias=False)
        self.down = nn.Linear(config.resolved_hidden, config.resolved_width, bias=False)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Same shape as x."""
        h_BTF = self.up(x_BTD)
        return self.down(F.relu(h_BTF).square() if self.kind == "relu2" else F.gelu(h_BTF))


class GatedFeedForward(nn.Module):
    """down(silu(gate x) * up x), three matrices (Shazeer 2020, equation 6)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate = nn.Linear(config.resolved_width, config.resolved_hidden, bias=False)
        self.up = nn.Linear(config.resolved_width, config.resolved_hidden, bias=False)
        self.down = nn.Linear(config.resolved_hidden, config.resolved_width, bias=False)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Same shape as x."""
        return self.down(F.silu(self.gate(x_BTD)) * self.up(x_BTD))


def make_ffn(config: ModelConfig) -> nn.Module:
    """The feed-forward named by `model.ffn`."""
    return GatedFeedForward(config) if config.ffn == "swiglu" else FeedForward(config)
