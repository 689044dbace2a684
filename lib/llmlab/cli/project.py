"""The project that `lab` works on: the folder it is started in, and where things lie in it."""

from pathlib import Path
from typing import Any

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import read_params

PARAMS = Path("params.yaml")
PRESETS = Path("presets")
METRICS = Path("metrics")
RUNS = Path(".runs")
OWN = Path("data/own")
REMOVED = Path("data/removed.txt")
RAW = Path("data/raw")
CLEAN = Path("data/clean")
CLUSTERS = Path("data/dedup/clusters.parquet")
TOKENIZER = Path("models/tokenizer")
BASE = Path("models/base")
CHAT = Path("models/chat")

_STAGES = {"base": "pretrain", "chat": "sft"}


def project_params() -> dict[str, Any]:
    """The params of the project at hand.

    Raises:
        LabError: the working folder is not a project's root, or its params file is broken.
    """
    if not PARAMS.exists():
        raise LabError(f"{Path.cwd()} is not a project: it has no {PARAMS}", "run `cd` to the project's root first")
    return read_params(PARAMS)


def languages() -> list[str]:
    """The languages of the project; errors as in `project_params`.

    Raises:
        LabError: the list is missing or is no list of names.
    """
    names = project_params().get("languages")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise LabError(f"{PARAMS} has no list `languages`", f"restore it with `git checkout {PARAMS}`")
    return names


def stage_of(folder: Path) -> str:
    """The stage that writes a model folder, by its name; `pretrain` for a folder of another name."""
    return _STAGES.get(folder.name, "pretrain")


def size_text(size: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.2f} GiB"


def folder_size(path: Path) -> int:
    """Bytes of a file, or of every file below a folder; links are not followed."""
    if path.is_symlink() or not path.exists():
        return 0
    if path.is_file():
        return path.stat().st_size
    return sum(file.lstat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())
