"""Who is at work: the stages whose locks are held, and the processes of this project."""

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from llmlab.cli.project import RUNS


@dataclass(frozen=True)
class Holder:
    """A running process of the lab."""

    pid: int
    what: str
    seconds: float
    memory: int

    def __str__(self) -> str:
        return f"process {self.pid}, for {self.seconds:,.0f} s, {self.memory / 2**20:,.0f} MiB"


def held_stages() -> dict[str, str]:
    """Stages at work, by name (`scrape-english`, `pretrain`), and who works on them.

    A lock counts as held when another process has it. A stage's process also counts by itself: `dvc exp run --temp`
    works in a copy, whose locks are not here but whose scratch folder may be.
    """
    found = {holder.what: str(holder) for holder in holders() if holder.what != "dvc"}
    for lock in sorted(RUNS.glob("*.lock")) if RUNS.is_dir() else []:
        if is_held(lock):
            found.setdefault(lock.stem, f"another process holds {lock}")
    return found


def is_held(path: Path) -> bool:
    """Whether some process holds a lock file; a file that nobody holds is only left over."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def holders() -> list[Holder]:
    """Stage programs and `dvc` commands of this project now running, the oldest first."""
    return sorted(_find(), key=lambda holder: -holder.seconds)


def scratch_root() -> Path:
    """Where runs keep their checkpoints, as `train.scratch` has it."""
    return _scratch_of(Path.cwd(), os.environ)


def _find() -> Iterator[Holder]:
    root = Path.cwd()
    for process in psutil.process_iter():
        try:
            what = _work_of(process.cmdline())
            if what and _is_ours(process, root):
                age = time.time() - process.create_time()
                yield Holder(process.pid, what, age, process.memory_info().rss)
        except psutil.Error:
            # It ended in the meantime, or belongs to somebody else.
            continue


def _is_ours(process: psutil.Process, root: Path) -> bool:
    """It works in this project (or a copy that DVC made below it), or keeps its checkpoints where we do."""
    where = Path(process.cwd())
    return where.is_relative_to(root) or _scratch_of(where, process.environ()) == scratch_root()


def _scratch_of(folder: Path, environ: Mapping[str, str]) -> Path:
    return (folder / environ.get("LLMLAB_SCRATCH", ".scratch")).resolve()


def _work_of(command: list[str]) -> str:
    """`pretrain` for a python that runs stages/pretrain.py, `dvc` for a dvc that reproduces, "" for anything else."""
    if not command or "python" not in Path(command[0]).name:
        return ""
    for part in command[1:3]:
        path = Path(part)
        if path.suffix == ".py" and path.parent.name == "stages":
            return path.stem
    words = {Path(word).name for word in command[1:4]}
    return "dvc" if "dvc" in words and words & {"repro", "exp"} else ""
