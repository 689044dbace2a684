"""One writer at a time: when only `dvc` is killed the trainer lives on, and the next `repro` must not join it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from llmlab.artifacts.errors import LabError


@contextmanager
def exclusive(path: Path, what: str) -> Iterator[None]:
    """Hold a lock file while `what` runs; the operating system releases it when the process dies.

    Raises:
        LabError: another live process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=1)
    try:
        lock.acquire()
    except Timeout as error:
        raise LabError(
            f"{what} is already running in another process, which holds {path}",
            "wait for it to end, or stop it (`lab doctor` lists the lab's running processes)",
        ) from error
    try:
        yield
    finally:
        lock.release()
