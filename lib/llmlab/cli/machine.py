"""What this machine has, what the lab would like and does not find, and the command that mends each."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import PARAMS, size_text
from llmlab.corpus.mirror import VARIABLE, mirror_folder
from llmlab.runtime.device import machine_facts

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FONT = "mplfonts/fonts/NotoSansCJKsc-Regular.otf"


@dataclass(frozen=True)
class Check:
    """One part: how it stands, and what to do when it is missing."""

    name: str
    state: str
    remedy: str = ""


def facts() -> dict[str, str]:
    """Processor, memory, disk, GPU and versions, as text."""
    found = machine_facts()
    memory, disk = psutil.virtual_memory(), shutil.disk_usage(Path.cwd())
    gpu = (
        f"{found['gpu']}, {found['gpu_memory_gib']} GiB" if "gpu" in found else "none: everything runs on the processor"
    )
    return {
        "processor": str(found["processor"]),
        "cores": f"{found['cores']} (of them {len(psutil.Process().cpu_affinity() or [])} for us)"
        if hasattr(psutil.Process, "cpu_affinity")
        else str(found["cores"]),
        "memory": f"{size_text(memory.total)}, {size_text(memory.available)} free",
        "disk": f"{size_text(disk.total)}, {size_text(disk.free)} free",
        "GPU": gpu,
        "python": str(found["python"]),
        "torch": str(found["torch"]),
        "DVC": _version("dvc"),
        "llm-lab": _version("llmlab"),
    }


def checks() -> Iterator[Check]:
    """Every part that may be missing."""
    yield _project()
    yield from _git()
    yield _font()
    yield _browser()
    yield _mirror()


def _project() -> Check:
    if not PARAMS.exists():
        return Check("project", "", f"{Path.cwd()} has no {PARAMS}: run `cd` to the project's root")
    if not Path(".dvc").is_dir():
        return Check("project", "", "there is no .dvc folder: run `dvc init`")
    return Check("project", str(Path.cwd()))


def _git() -> Iterator[Check]:
    if shutil.which("git") is None:
        yield Check("git", "", "`apt install git`: notes, `lab compare` and `dvc exp` need it")
        return
    yield Check("git", _said("git", "--version").removeprefix("git version "))
    name, mail = _said("git", "config", "user.name"), _said("git", "config", "user.email")
    remedy = "`git config user.name 'Your Name' && git config user.email you@example.org`, or commits fail"
    yield Check("git identity", f"{name} <{mail}>" if name and mail else "", remedy)


def _font() -> Check:
    try:
        there = Path(str(metadata.distribution("mplfonts").locate_file(_FONT))).is_file()
    except metadata.PackageNotFoundError:
        there = False
    return Check(
        "Chinese font", "Noto Sans CJK" if there else "", "`pip install mplfonts`: plots show boxes for Chinese"
    )


def _browser() -> Check:
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), "")
    return Check("Chromium", found, "`apt install chromium`: only tests of pages in a browser need it")


def _mirror() -> Check:
    try:
        folder = mirror_folder(os.environ)
    except LabError as error:
        return Check("mirror", "", f"{error.problem}: {error.remedy}")
    return Check(
        "mirror", f"{folder} ({VARIABLE})" if folder else f"none; {VARIABLE} is not set, downloads go to the network"
    )


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
