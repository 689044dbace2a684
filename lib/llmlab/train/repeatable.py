"""What makes a compiled run repeat itself to the bit.

Eager CPU kernels repeat themselves at the same thread count. The compiler's backward pass of an embedding does not: its
kernel adds the gradients of equal ids from all threads at once (`atomic_add_vec` in what inductor writes), in whatever
order they come, and sums of another order round differently. Asked for deterministic algorithms, inductor calls the
eager kernel there, which adds in order.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def repeatable(compiled: bool, device: torch.device) -> Iterator[None]:
    """Ask for deterministic algorithms where they are needed: compiled, on a CPU, with more than one thread.

    Not on a GPU: some of its kernels have no deterministic form and would be refused, and there a tolerance is stated.
    """
    if not compiled or device.type != "cpu" or torch.get_num_threads() == 1:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    memory = torch.utils.deterministic
    filled = memory.fill_uninitialized_memory  # type: ignore[attr-defined]
    torch.use_deterministic_algorithms(True)
    # Filling every new tensor with NaN finds bugs and costs time; no kernel here reads what nobody wrote.
    memory.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        memory.fill_uninitialized_memory = filled  # type: ignore[attr-defined]
