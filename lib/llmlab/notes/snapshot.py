"""What a note remembers for the next one: parameters and metrics of its week, flat."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import check_version, read_json
from llmlab.artifacts.params import read_params

SNAPSHOT_VERSION = 1
Flat = dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """Parameters and metrics by dotted key; `week` names the note they belong to."""

    week: str
    params: Flat
    metrics: Flat


def take_snapshot(root: Path, week: str) -> Snapshot:
    """Parameters and every metrics file of the project as they are now.

    Raises:
        LabError: no parameters, no metrics, or a file of them that cannot be read.
    """
    folder = root / "metrics"
    files = sorted(folder.rglob("*.json"))
    if not files:
        raise LabError(f"{folder} holds no metrics", "run `make repro` first: a note tells of a run")
    metrics: Flat = {}
    for path in files:
        place = ".".join(path.relative_to(folder).with_suffix("").parts)
        metrics |= flat(read_json(path, path.stem), f"{place}.")
    # Through JSON once, so that a fresh snapshot equals one read back from its file.
    params = json.loads(json.dumps(flat(read_params(root / "params.yaml")), default=str))
    return Snapshot(week, params, metrics)


def write_snapshot(snapshot: Snapshot, folder: Path) -> Path:
    """Keep it as `<folder>/<week>.json`."""
    path = folder / f"{snapshot.week}.json"
    write_json(path, {"version": SNAPSHOT_VERSION, "params": snapshot.params, "metrics": snapshot.metrics})
    return path


def last_snapshot(folder: Path, week: str) -> Snapshot | None:
    """The newest one of an earlier week, or None.

    Raises:
        LabError: it cannot be read.
    """
    # Year and week have fixed widths, so the order of names is the order of time.
    earlier = sorted(path for path in folder.glob("[0-9][0-9][0-9][0-9]-W[0-9][0-9].json") if path.stem < week)
    if not earlier:
        return None
    path = earlier[-1]
    remedy = f"restore it with `git checkout {path.as_posix()}`, or remove it to compare with the note before"
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        check_version(tree["version"], SNAPSHOT_VERSION, path, remedy)
        return Snapshot(path.stem, dict(tree["params"]), dict(tree["metrics"]))
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise LabError(f"{path} is no snapshot of a note: {error!r}", remedy) from error


def flat(tree: Mapping[str, Any], prefix: str = "") -> Flat:
    """Nested mappings as one, with dotted keys; lists stay values."""
    return dict(_leaves(tree, prefix))


def _leaves(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
