"""Where a run keeps its checkpoints: outside DVC's outs, under a key of everything that shapes the result."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import hash_json

# What the run in this folder was started with, for saying what has changed.
_SHAPES = "run.json"


def run_folder(stage: str, shapes: Mapping[str, Any]) -> Path:
    """The scratch folder of the run of `stage` that `shapes` (params, hashes of data, code and tokenizer) describes.

    DVC deletes a stage's outs before it runs, so checkpoints cannot be outs. `LLMLAB_SCRATCH` moves the root, which
    `dvc exp run --temp` needs, as it works in a copy of the project without ignored files.

    A run with anything changed has a folder of its own: checkpoints of before are never taken up. Which keys have
    changed since an unfinished run is said on standard output.

    Raises:
        LabError: the folder holds checkpoints of a run with other shapes (it was moved or copied by hand); names them.
    """
    root = Path(os.environ.get("LLMLAB_SCRATCH", ".scratch")).resolve()
    folder = root / stage / hash_json(shapes)[:16]
    if is_begun(folder):
        changed = changes(_read(folder), shapes)
        if changed:
            raise LabError(
                f"the checkpoints in {folder} are of another run: {', '.join(changed)}",
                "set that back, or remove them with `lab clean --scratch`",
            )
    else:
        _say_what_changed(stage, folder, shapes)
        write_json(folder / _SHAPES, shapes)
    return folder


def is_begun(folder: Path) -> bool:
    """Whether `run_folder` made this folder, for a stage; tests and benchmarks train in any folder."""
    return (folder / _SHAPES).exists()


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The keys that differ, in words; hashes by their name alone."""
    old, new = dict(_flat(before)), dict(_flat(now))
    found = []
    for key in sorted(old.keys() | new.keys()):
        was, becomes = old.get(key), new.get(key)
        if was != becomes:
            opaque = any(isinstance(value, str) and len(value) == 64 for value in (was, becomes))
            found.append(f"{key} has changed" if opaque else f"{key} was {was}, is {becomes}")
    return found


def drop_run(folder: Path) -> None:
    """Remove a finished run's checkpoints."""
    shutil.rmtree(folder, ignore_errors=True)


def _say_what_changed(stage: str, folder: Path, shapes: Mapping[str, Any]) -> None:
    others = [each for each in folder.parent.glob(f"*/{_SHAPES}") if any(each.parent.glob("step-*"))]
    if others:
        newest = max(others, key=lambda each: each.stat().st_mtime_ns).parent
        step = max(int(each.name.removeprefix("step-")) for each in newest.glob("step-*"))
        print(f"{stage} starts anew; its unfinished run, at step {step}, is another one:")
        for line in changes(_read(newest), shapes):
            print(f"  {line}")
        print("  set that back to go on with it; `lab clean --scratch` removes it")


def _read(folder: Path) -> Mapping[str, Any]:
    try:
        found = json.loads((folder / _SHAPES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", list(value) if isinstance(value, tuple) else value
