"""Where a run keeps its checkpoints: outside DVC's outs, under a key of everything that shapes the result."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmlab.artifacts.manifest import hash_json


def run_folder(stage: str, shapes: Mapping[str, Any]) -> Path:
    """The scratch folder of the run of `stage` that `shapes` (params, hashes of data, code and tokenizer) describes.

    DVC deletes a stage's outs before it runs, so checkpoints cannot be outs. `LLMLAB_SCRATCH` moves the root, which
    `dvc exp run --temp` needs, as it works in a copy of the project without ignored files.
    """
    root = Path(os.environ.get("LLMLAB_SCRATCH", ".scratch")).resolve()
    return root / stage / hash_json(shapes)[:16]


def drop_run(folder: Path) -> None:
    """Remove a finished run's checkpoints."""
    shutil.rmtree(folder, ignore_errors=True)
