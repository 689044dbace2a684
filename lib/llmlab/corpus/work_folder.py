"""Where a stage puts what it will read again before it ends."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory


@contextlib.contextmanager
def work_folder(stage: str) -> Iterator[Path]:
    """A folder of a run's own below `.scratch/` or `LLMLAB_SCRATCH`, removed afterwards.

    Not the system's temporary folder, which other machines do not see and which may be in memory.
    """
    root = Path(os.environ.get("LLMLAB_SCRATCH", ".scratch")).resolve() / stage
    root.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="work-", dir=root) as folder:
        yield Path(folder)
