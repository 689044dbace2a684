"""How the process keeps memory that a training step has freed."""

import ctypes
import platform

# glibc's mallopt (malloc.h): below this size blocks come from the heap, and so much of its end stays there when freed.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST = 2**31 - 1


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
