import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, torch
from llmlab.runtime.memory import keep_freed_memory
if {keep}:
    assert keep_freed_memory()
def step():
    return torch.ones(16 * 2**20).sum().item()  # 64 MiB
for _ in range(8):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    assert step() == 16 * 2**20
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(keep: bool) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS.format(keep=keep)], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the setting")
def test_a_freed_block_is_used_again_without_being_cleared_again():
    """Ten blocks of 64 MiB: with the default each is faulted in anew; kept, at most while the heap settles."""
    assert faults(keep=True) < faults(keep=False) / 2


HELD = """
from pathlib import Path
import torch
from llmlab.runtime.memory import return_freed_memory
def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024
assert return_freed_memory()
torch.ones(2**18)
before = resident()
blocks = [torch.ones(2**20) for _ in range(32)]  # 4 MiB each
full = resident()
del blocks[::2]
print(before, full, resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the setting")
def test_freed_blocks_between_others_are_given_back():
    done = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=True)
    before, full, half = map(int, done.stdout.split())
    assert full - before > 120
    assert half - before < 70
