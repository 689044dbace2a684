"""Hashes and versions: how an artifact says what it is and what it was made from."""

import hashlib
import json
from pathlib import Path
from typing import Any

from llmlab.artifacts.errors import LabError, missing_file


def hash_bytes(data: bytes) -> str:
    """The sha256 of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def hash_json(value: Any) -> str:
    """The sha256 of a JSON value: the same whatever the order of its keys."""
    return hash_bytes(json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False).encode())


def hash_file(path: Path) -> str:
    """The sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_folder(folder: Path) -> str:
    """One hash for the names and bytes of every file below a folder, hidden ones (`.DS_Store`) left out."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return hash_json({path.relative_to(folder).as_posix(): hash_file(path) for path in files})


def provenance(seed: int, **paths: Path) -> dict[str, Any]:
    """What an artifact is made from: the seed, and a hash of each named file or folder."""
    hashes = {name: hash_folder(path) if path.is_dir() else hash_file(path) for name, path in paths.items()}
    return {"seed": seed, **hashes}


def check_version(found: object, known: int, path: Path, remedy: str) -> None:
    """Refuse a file whose format version is not the one this code writes.

    Raises:
        LabError: names the file, both versions and `remedy`.
    """
    if found != known:
        raise LabError(f"{path} has format version {found!r}, this code reads version {known}", remedy)


def read_json(path: Path, stage: str) -> Any:
    """Read a JSON file that `stage` writes.

    Raises:
        LabError: the file is missing or is not JSON; the remedy names `stage`.
    """
    if not path.exists():
        raise missing_file(path, stage)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise LabError(f"{path} is not valid JSON: {error}", f"run `dvc repro -f {stage}`, which writes it") from error
