"""Several processes of one program: which one this is, how many there are, and how they agree.

Numbers that decide what happens next travel between processors (gloo) even where gradients travel between GPUs, so that
no GPU waits for them. A sum over processes is the same to the bit in each, so all of them decide alike.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def started_together() -> bool:
    """Whether torchrun, or a stage that starts itself several times, started this process."""
    return dist.is_available() and dist.is_torchelastic_launched()


def join(device: torch.device) -> torch.device:
    """Meet the other processes, if there are any; the device of this one (its own GPU of several)."""
    if not started_together():
        return device
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    return device


def leave() -> None:
    """Part from the other processes at the end of a run."""
    if dist.is_initialized():
        dist.destroy_process_group()


def rank() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def world() -> int:
    """How many processes there are, on all machines."""
    return dist.get_world_size() if dist.is_initialized() else 1


def here() -> int:
    """How many of them are on this machine."""
    return int(os.environ["LOCAL_WORLD_SIZE"]) if started_together() else 1


def first() -> bool:
    """Whether this is the one process that writes and speaks."""
    return rank() == 0


def barrier() -> None:
    """Wait until every process is here."""
    if world() > 1:
        summed(0.0)


def summed(*values: float) -> list[float]:
    """Each number summed over all processes, in fp64."""
    if world() == 1:
        return list(values)
    numbers = torch.tensor(values, dtype=torch.float64)
    dist.all_reduce(numbers)
    return numbers.tolist()


def anyone(flag: bool) -> bool:
    """Whether any process says so."""
    return summed(float(flag))[0] > 0


@contextmanager
def first_before_others() -> Iterator[None]:
    """Run a block in the first process, then in the others: what it makes is there for them."""
    if not first():
        barrier()
    try:
        yield
    finally:
        if first():
            barrier()


def local_part(tensor: Tensor) -> Tensor:
    """This process's rows of a tensor that is spread over several, or the tensor itself."""
    spread: Any = tensor
    return spread.to_local() if hasattr(tensor, "to_local") else tensor


def whole(tensor: Tensor) -> Tensor:
    """All rows of a tensor that is spread over several, gathered by all of them, or the tensor itself."""
    spread: Any = tensor
    return spread.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def spread_like(tensor: Tensor, parameter: Tensor) -> Tensor:
    """A whole tensor, which every process has, spread as `parameter` is; itself where that is whole too."""
    if not hasattr(parameter, "to_local"):
        return tensor
    from torch.distributed.tensor import distribute_tensor  # noqa: PLC0415

    like: Any = parameter
    # Each takes its rows of its own copy: nothing is sent.
    return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements, src_data_rank=None)
