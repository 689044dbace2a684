"""Linear layers whose weights lie in memory as whole numbers of 8 bits, one scale a row; products come out in bf16.

A step that reads one id multiplies each matrix by one vector, and takes as long as the matrix takes to come from
memory: a quarter of the bytes is up to four times the speed. Of what torch has for it on a CPU, `_weight_int8pack_mm`
on bf16 vectors is the fastest at one row, and keeps the activations at 8 bits of mantissa; the same function on fp32 is
a slow fallback, and fbgemm's dynamic product rounds the activations to 8 bits in all (`lab bench generation
--part products` measures them).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.model.surgery import is_inner_linear, replace

# Beyond so many rows at a time a product is bound by its sums, and the fp32 kernels are faster.
FEW_ROWS = 16


class Int8Linear(nn.Module):
    """x W^T with W = scale * q, q in -127..127, one scale per output: max |W - scale q| is half a scale."""

    few_rows: int
    q_NK: Tensor
    scale_N: Tensor

    def __init__(self, linear: nn.Module, few_rows: int = FEW_ROWS) -> None:
        """Round the weights of a linear layer without bias; up to `few_rows` rows of x go to the 8-bit kernel."""
        super().__init__()
        assert isinstance(linear, nn.Linear)
        assert linear.bias is None
        self.few_rows = few_rows
        q_NK, scale_N = quantised(linear.weight.detach())
        self.register_buffer("q_NK", q_NK)
        self.register_buffer("scale_N", scale_N)

    def forward(self, x: Tensor) -> Tensor:
        """(…, N) in bf16 from (…, K)."""
        rows_RK = x if x.dim() == 2 else x.reshape(-1, x.shape[-1])
        if len(rows_RK) > self.few_rows or x.device.type != "cpu":
            product_RN = (F.linear(rows_RK.float(), self.q_NK.float()) * self.scale_N).bfloat16()
        else:
            product_RN = torch._weight_int8pack_mm(rows_RK.bfloat16(), self.q_NK, self.scale_N)
        return product_RN if x.dim() == 2 else product_RN.view(*x.shape[:-1], -1)


def quantised(weight_NK: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest whole numbers (N, K) and their scales (N), which are bf16 numbers, as the kernel takes no others.

    Rounded up to bf16 before they divide, so that they add no error and nothing exceeds 127.
    """
    exact_N = weight_NK.float().abs().amax(dim=1) / 127
    scale_N = exact_N.bfloat16()
    next_N = torch.nextafter(scale_N, torch.full_like(scale_N, torch.inf))
    scale_N = torch.where(scale_N.float() < exact_N, next_N, scale_N)
    scale_N = torch.where(scale_N == 0, torch.ones_like(scale_N), scale_N)
    q_NK = (weight_NK.float() / scale_N.float()[:, None]).round().clamp(-127, 127)
    return q_NK.to(torch.int8), scale_N


def to_int8(model: nn.Module, few_rows: int = FEW_ROWS) -> list[str]:
    """Put `Int8Linear` in the place of every linear layer of the blocks and of the head; their names.

    A tied head leaves the embedding as it is: looking up a row reads that row only.
    """
    return replace(
        model, lambda name, module: name == "head" or is_inner_linear(name, module), lambda m: Int8Linear(m, few_rows)
    )
