"""How the process keeps memory that a training step has freed."""

import ctypes
import platform

# glibc's mallopt (malloc.h): below this size blocks come from the heap, and so much of its end stays there when freed.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST = 2**31 - 1
_PAGES = 2**20


def keep_freed_memory() -> bool:
    """Let the C library keep large freed blocks for the next step; whether it does.

    By default glibc gives every block of more than 32 MiB back to the system and takes it anew, cleared page by page:
    in a training step on a CPU these are the logits and their gradient, and a fifth of the time (docs/LOG.md).
    Elsewhere than on Linux with glibc nothing is changed.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL("libc.so.6").mallopt
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST)) and bool(mallopt(_TRIM_THRESHOLD, _LARGEST))


def return_freed_memory() -> bool:
    """Let every block of a MiB or more go back to the system when it is freed; whether it does.

    For a run that buys memory with time. To place an aligned block glibc asks for some bytes more, so that the next one
    of that size does not fit into the hole that it leaves: recomputing layers was seen to take more than twice the
    memory of its tensors.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    return bool(ctypes.CDLL("libc.so.6").mallopt(_MMAP_THRESHOLD, _PAGES))
