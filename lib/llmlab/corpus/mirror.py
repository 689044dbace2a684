"""Content by its hash: first in a mirror folder, then in the local cache. A name is never trusted."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import hash_file

VARIABLE = "LLMLAB_MIRROR"


def find_stored(sha256: str, cache: Path) -> Path | None:
    """The file with that hash, from the mirror, else from the cache; None when neither has it.

    Raises:
        LabError: the mirror lists the hash but its file is missing or has other bytes, or the mirror itself is broken.
    """
    mirror = mirror_folder(os.environ)
    if mirror is not None:
        found = _in_mirror(sha256, mirror)
        if found is not None:
            return found
    cached = cache_path(sha256, cache)
    if not cached.is_file():
        return None
    if hash_file(cached) != sha256:
        # Bit rot or a hand in the cache: it is only a cache, so the file goes and is fetched again.
        cached.unlink()
        return None
    return cached


def cache_path(sha256: str, cache: Path) -> Path:
    """Where the cache keeps the file with that hash."""
    return cache / "files" / sha256[:2] / sha256


def mirror_folder(environ: Mapping[str, str]) -> Path | None:
    """The folder that LLMLAB_MIRROR names, absolute; None when it is unset or empty.

    A relative value is looked for from the working folder upwards, because `dvc exp run --temp` works in a copy below
    `.dvc/tmp`, from where the same relative path would lead nowhere.

    Raises:
        LabError: no catalog.json at the place it names.
    """
    value = environ.get(VARIABLE, "")
    if not value:
        return None
    here = Path.cwd()
    for base in (here, *here.parents):
        folder = (base / Path(value).expanduser()).resolve()
        if (folder / "catalog.json").is_file():
            return folder
    raise LabError(
        f"{VARIABLE}={value} names no folder with a catalog.json",
        f"correct it (an absolute path is safest), or run `unset {VARIABLE}` to use the network",
    )


def _in_mirror(sha256: str, mirror: Path) -> Path | None:
    path = _listed(mirror).get(sha256)
    if path is None:
        return None
    file = (mirror / path).resolve()
    if not file.is_relative_to(mirror):
        raise LabError(f"{mirror}/catalog.json lists {path!r}, which lies outside the mirror", "delete that entry")
    remedy = f"restore the file in the mirror, or run `unset {VARIABLE}` to use the network"
    if not file.is_file():
        raise LabError(f"{file} is listed in the mirror's catalog.json but missing", remedy)
    found = hash_file(file)
    if found != sha256:
        raise LabError(f"{file} has sha256 {found[:12]}…, but the mirror's catalog.json says {sha256[:12]}…", remedy)
    return file


def _listed(mirror: Path) -> dict[str, str]:
    """Hash -> path, of every entry that has both; the first one wins when two files have the same bytes."""
    catalog = mirror / "catalog.json"
    try:
        entries = json.loads(catalog.read_text(encoding="utf-8"))["files"]
        pairs = [(str(entry["sha256"]), str(entry["path"])) for entry in entries]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise LabError(
            f"{catalog} is not a mirror catalogue ({error!r})", 'it holds {"files": [{"path": …, "sha256": …}, …]}'
        ) from error
    return dict(reversed(pairs))
