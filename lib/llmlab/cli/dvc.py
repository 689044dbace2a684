"""The `dvc` program of this environment, run for its answer."""

import subprocess
import sys
from pathlib import Path

from llmlab.artifacts.errors import LabError


def run_dvc(*arguments: str) -> str:
    """What `dvc <arguments>` prints.

    Raises:
        LabError: it fails.
    """
    command = [sys.executable, "-m", "dvc", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
        line = f"dvc {' '.join(arguments)}"
        raise LabError(f"`{line}` failed: {said[-1]}", f"run `{line}` by hand to see all that it says")
    return done.stdout


def cache_folder() -> Path:
    """Where DVC keeps artifacts.

    Raises:
        LabError: this is no DVC project.
    """
    return Path(run_dvc("cache", "dir").strip().splitlines()[-1])
