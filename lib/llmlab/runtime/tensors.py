"""Named tensors in a safetensors file: the only form in which weights touch the disk."""

import errno
from collections.abc import Mapping
from pathlib import Path

import safetensors
from safetensors.torch import load_file, save_file
from torch import Tensor

from llmlab.artifacts.errors import LabError, missing_file


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors, copied to the CPU and made contiguous.

    Raises:
        OSError: as any write; safetensors' own error for a full disk is turned into ENOSPC.
    """
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        save_file(ready, path)
    except safetensors.SafetensorError as error:
        if "os error 28" in str(error):
            raise OSError(errno.ENOSPC, "no space left on device", str(path)) from error
        raise


def read_tensors(path: Path, stage: str) -> dict[str, Tensor]:
    """The tensors of a file that `stage` writes.

    Raises:
        LabError: the file is missing, truncated or no safetensors file.
    """
    if not path.exists():
        raise missing_file(path, stage)
    try:
        return load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise LabError(
            f"{path} is no whole safetensors file: {error}", f"run `dvc repro -f {stage}`, which writes it"
        ) from error
