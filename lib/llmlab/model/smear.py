"""Each position gets a little of the tokens before it: local context before the first attention.

The token shift of RWKV (Peng et al. 2023, arXiv 2305.13048, section 3.1) over several tokens, with a weight per
component: a depthwise causal convolution, as the Canon layers of Allen-Zhu 2025 (SSRN 5240330) and the smear of the
modded-nanoGPT speed runs. What it carries, attention need not find again in every layer.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_NOWHERE = -2  # no document has this number; padding has -1


class Smear(nn.Module):
    """e_t + sum over k = 1 ... `reach` of w_k * e_{t-k}, the product by component; weights (reach, D)."""

    def __init__(self, reach: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(reach, width))

    def forward(self, x_BTD: Tensor, documents_BT: Tensor | None) -> Tensor:
        """Same shape as x; tokens of another document, or from before the row, count as zero."""
        found_BTD = x_BTD
        for back, weight_D in enumerate(self.weight, start=1):
            found_BTD = found_BTD + weight_D * _earlier(x_BTD, documents_BT, back)
        return found_BTD


def _earlier(x_BTD: Tensor, documents_BT: Tensor | None, back: int) -> Tensor:
    """What stands `back` positions earlier in the same document, (B, T, D); zero where nothing does."""
    T = x_BTD.shape[1]
    earlier_BTD = F.pad(x_BTD, (0, 0, back, 0))[:, :T]
    if documents_BT is None:
        return earlier_BTD
    same_BT = documents_BT == F.pad(documents_BT, (back, 0), value=_NOWHERE)[:, :T]
    return earlier_BTD * same_BT[..., None]
