"""Named tensors in a safetensors file: the only form in which weights touch the disk."""

import errno
from collections.abc import Iterator, Mapping
from pathlib import Path

import safetensors
import torch
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


class Joined(Mapping[str, Tensor]):
    """The tensors of several safetensors files, each read when it is asked for.

    What is in several of them was cut along its first axis, in the order of the files; a single number is the same in
    all of them. Raises as `load_file` where a file is broken.
    """

    def __init__(self, paths: list[Path]) -> None:
        self._files = [safetensors.safe_open(path, framework="pt") for path in paths]
        self._places: dict[str, list[int]] = {}
        for number, file in enumerate(self._files):
            for name in file.keys():  # noqa: SIM118 - it is no mapping
                self._places.setdefault(name, []).append(number)

    def __getitem__(self, name: str) -> Tensor:
        """The whole tensor."""
        pieces = [self._files[number].get_tensor(name) for number in self._places[name]]
        return pieces[0] if pieces[0].ndim == 0 or len(pieces) == 1 else torch.cat(pieces)

    def __iter__(self) -> Iterator[str]:
        """All names."""
        return iter(self._places)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._places)
