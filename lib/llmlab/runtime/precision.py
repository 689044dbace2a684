"""The dtype that matrix products compute in, and why."""

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

from llmlab.artifacts.errors import LabError

Precision = Literal["auto", "fp32", "bf16"]


def compute_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """The dtype of matrix products; weights and optimizer state stay fp32 either way, so no loss scaling is needed.

    `auto` is bf16 where the device multiplies in it, else fp32. On a processor without such instructions bf16 is
    emulated: a product of 2048x192 by 192x768 was seen to run at 0.6 GFLOP/s, against 33 in fp32.

    Raises:
        LabError: bf16 asked of a GPU that emulates it, slower than fp32.
    """
    if precision == "auto":
        return torch.bfloat16 if has_bf16(device) else torch.float32
    if precision == "fp32":
        return torch.float32
    if not has_bf16(device):
        if device.type == "cuda":
            raise LabError("this GPU has no bf16", "set `train.precision: auto`")
        print(f"warning: this {device.type} has no bf16 instructions, it will be slow: set `precision: auto` or `fp32`")
    return torch.bfloat16


def has_bf16(device: torch.device) -> bool:
    """Whether the device has instructions that multiply in bf16."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # torch offers no public question for processors; these two are what its own kernels ask.
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def autocast(dtype: torch.dtype, device: torch.device) -> AbstractContextManager[object]:
    """A context in which matrix products run in `dtype`; fp32 changes nothing, not even a dispatch."""
    if dtype is torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype)
