"""The dtype that matrix products compute in, and why."""

from contextlib import AbstractContextManager, nullcontext

import torch

from llmlab.artifacts.errors import LabError

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def compute_dtype(precision: str, device: torch.device) -> torch.dtype:
    """`fp32` or `bf16`; weights and optimizer state stay fp32 either way, so no loss scaling is needed.

    Raises:
        LabError: bf16 asked of a GPU that emulates it, slower than fp32.
    """
    dtype = _DTYPES[precision]
    if (
        dtype is torch.bfloat16
        and device.type == "cuda"
        and not torch.cuda.is_bf16_supported(including_emulation=False)
    ):
        raise LabError("this GPU has no bf16", "set `train.precision: fp32`")
    return dtype


def autocast(dtype: torch.dtype, device: torch.device) -> AbstractContextManager[object]:
    """A context in which matrix products run in `dtype`; fp32 changes nothing, not even a dispatch."""
    if dtype is torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype)
