"""Each position gets a little of the token before it: one step of context before the first attention.

After the token shift of RWKV (Peng et al. 2023, arXiv 2305.13048, section 3.1) in the gated form of the modded-nanoGPT
speed runs. What it carries, attention need not find again in every layer.
"""

import torch
from torch import Tensor, nn

from llmlab.model.config import GATE


class Smear(nn.Module):
    """e_t + strength * sigmoid(gate . e_t[:12]) * e_{t-1}; `strength` starts at 0, so that it starts as absent."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.zeros(GATE))
        self.strength = nn.Parameter(torch.zeros(1))

    def forward(self, x_BTD: Tensor, previous_BTD: Tensor) -> Tensor:
        """The embeddings (B, T, D) with a share of the ones before them, which are zero where there are none."""
        gate_BT1 = torch.sigmoid(x_BTD[..., :GATE] @ self.gate)[..., None]
        return x_BTD + self.strength * gate_BT1 * previous_BTD
