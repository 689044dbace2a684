"""What a commit says of itself: its params, its metrics, and its samples where DVC still has them."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from llmlab.artifacts.errors import LabError
from llmlab.cli.dvc import cache_folder
from llmlab.cli.project import METRICS, PARAMS

WORKSPACE = "workspace"
_SAMPLES = Path("data/samples.json")


@dataclass(frozen=True)
class Revision:
    """Numbers by dotted name, params by dotted name, and samples (None: not at hand, `why` says the reason)."""

    name: str
    metrics: Mapping[str, float]
    params: Mapping[str, Any]
    samples: list[Mapping[str, Any]] | None = None
    why: str = ""
    languages: list[str] = field(default_factory=list)


def read_revision(name: str) -> Revision:
    """A commit, branch or tag, or the working folder when the name is `workspace`.

    Raises:
        LabError: git knows no such commit, or its files are broken.
    """
    files = _workspace_files() if name == WORKSPACE else _commit_files(_commit_of(name))
    params = _yaml(files.get(PARAMS.as_posix(), b"{}"), f"{name}:{PARAMS}")
    metrics = {
        key: value
        for path, data in sorted(files.items())
        if path.endswith(".json") and path.startswith(f"{METRICS}/")
        for key, value in flat(
            _json(data, f"{name}:{path}"), Path(path).relative_to(METRICS).with_suffix("").as_posix()
        )
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    if not metrics:
        raise LabError(f"{name} has no metrics under {METRICS}/", "run `dvc repro` there and commit its metrics")
    samples, why = _samples(name, files.get("dvc.lock", b"{}"))
    return Revision(name, metrics, dict(flat(params, "")), samples, why, list(params.get("languages", [])))


def flat(values: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Leaves of nested mappings by dotted name; lists are leaves."""
    if not isinstance(values, Mapping):
        yield prefix, values
        return
    for key, value in values.items():
        yield from flat(value, f"{prefix}.{key}" if prefix else str(key))


def _commit_of(name: str) -> str:
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found.returncode:
        raise LabError(
            f"{name!r} is neither a model folder nor a commit git knows",
            f"name a folder with a config.json, one of `git log --oneline`, or `{WORKSPACE}`",
        )
    return found.stdout.decode().strip()


def _commit_files(commit: str) -> dict[str, bytes]:
    """The params, the lock file and the metrics of a commit, of this project's folder in the repository."""
    listing = _git("ls-tree", "-r", "--name-only", "-z", commit, "--", PARAMS.name, "dvc.lock", METRICS.name)
    names = [name for name in listing.stdout.decode().split("\0") if name]
    return {name: _git("show", f"{commit}:./{name}").stdout for name in names}


def _workspace_files() -> dict[str, bytes]:
    found = [PARAMS, Path("dvc.lock"), *sorted(METRICS.rglob("*.json"))]
    return {path.as_posix(): path.read_bytes() for path in found if path.is_file()}


def _samples(name: str, lock: bytes) -> tuple[list[Mapping[str, Any]] | None, str]:
    if name == WORKSPACE:
        if not _SAMPLES.is_file():
            return None, f"{_SAMPLES} is missing: run `dvc repro evaluate`"
        return _sample_rows(_SAMPLES.read_bytes(), str(_SAMPLES)), ""
    outs = [
        out for stage in _yaml(lock, f"{name}:dvc.lock").get("stages", {}).values() for out in stage.get("outs", [])
    ]
    digest = next((str(out.get("md5", "")) for out in outs if out.get("path") == _SAMPLES.as_posix()), "")
    if not digest:
        return None, f"{name} has no dvc.lock that names {_SAMPLES}"
    cached = cache_folder() / "files" / "md5" / digest[:2] / digest[2:]
    if not cached.is_file():
        return None, f"DVC's cache no longer has them: `git checkout {name} && dvc pull` or `dvc repro evaluate` there"
    return _sample_rows(cached.read_bytes(), str(cached)), ""


def _sample_rows(data: bytes, where: str) -> list[Mapping[str, Any]]:
    """The last step's samples, one a language and prompt."""
    rows = _json(data, where).get("samples", [])
    return [row for row in rows if row.get("step") == "final"]


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise LabError("git is not installed", "install it: `apt install git`") from error


def _json(data: bytes, where: str) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise LabError(f"{where} is not valid JSON: {error}", "run `dvc repro`, which writes it") from error


def _yaml(data: bytes, where: str) -> dict[str, Any]:
    try:
        values = yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise LabError(f"{where} is not valid YAML: {error}", "correct it in that commit's successor") from error
    return values if isinstance(values, dict) else {}
