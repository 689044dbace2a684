"""Which device computes, and with how many threads."""

import os
import platform
import resource
from pathlib import Path

import psutil
import torch

from llmlab.artifacts.errors import LabError


def pick_device(name: str) -> torch.device:
    """The device called `name`: `cpu`, `cuda`, `mps`, or `auto` for the best one present.

    Raises:
        LabError: that device is not on this machine.
    """
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if present[kind]))
    if not present.get(name, False):
        have = ", ".join(kind for kind, there in present.items() if there)
        raise LabError(f"device {name!r} is not on this machine (here: {have})", "set `train.device: auto`")
    return torch.device(name)


def set_threads(count: int) -> None:
    """Use `count` CPU threads: one and two threads round sums differently, so the number is a parameter."""
    torch.set_num_threads(count)


def machine_facts() -> dict[str, object]:
    """What this machine is: for `.runs/` and records, never for an artifact."""
    facts: dict[str, object] = {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }
    if torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name(0)
        facts["gpu_memory_gib"] = round(torch.cuda.get_device_properties(0).total_memory / 2**30, 1)
    return facts


def peak_memory_mib() -> float:
    """The largest resident size this process has had, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if platform.system() == "Darwin" else 2**10)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
