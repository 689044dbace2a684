"""The one exception the lab raises at people: what is wrong, and the command that mends it."""

import errno
from pathlib import Path


class LabError(ValueError):
    """Bad input, a missing file, a mismatch: never a bug of ours (those are asserts).

    Args:
        problem: what was wrong and the value seen, naming the file or key.
        remedy: the command or edit that mends it.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}\n  to mend it: {remedy}")
        self.problem = problem
        self.remedy = remedy


def missing_file(path: Path, stage: str) -> LabError:
    """The error for an input that an earlier stage should have written."""
    return LabError(f"{path} is missing", f"run `dvc repro {stage}`, which writes it")


def disk_full(path: Path, error: OSError) -> LabError | None:
    """The error for a full disk or quota, or None when `error` is something else."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    return LabError(
        f"no space left on the disk while writing {path}; nothing was replaced",
        "free space (`lab clean` removes scratch files and unused caches), then run the command again",
    )
