"""Write to a temporary name beside the target, then rename: readers see the old file or the new one, never half."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmlab.artifacts.errors import disk_full


@contextmanager
def atomic_file(final: Path) -> Iterator[Path]:
    """Yield a temporary path; on success it becomes `final`, on any error it is removed.

    Raises:
        LabError: the disk is full; `final` is untouched.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    # One fixed name per target: a killed writer's leftover is overwritten by the next one, never collected.
    temporary = final.with_name(f".{final.name}.writing")
    try:
        yield temporary
        _flush_to_disk(temporary)
        os.replace(temporary, final)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise disk_full(final, error) or error from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_folder(final: Path) -> Iterator[Path]:
    """Yield an empty temporary folder; on success it replaces `final` whole, on any error it is removed.

    Raises:
        LabError: the disk is full; `final` is untouched.
    """
    temporary, retired = (final.with_name(f".{final.name}.{state}") for state in ("writing", "retired"))
    if retired.exists() and not final.exists():
        os.replace(retired, final)  # a writer was killed between its two renames
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        for path in sorted(temporary.rglob("*")):
            if path.is_file():
                _flush_to_disk(path)
        if final.exists():
            # rename() cannot replace a folder that holds files, so the old one steps aside first.
            shutil.rmtree(retired, ignore_errors=True)
            os.replace(final, retired)
            try:
                os.replace(temporary, final)
            except OSError:
                os.replace(retired, final)
                raise
            shutil.rmtree(retired)
        else:
            os.replace(temporary, final)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise disk_full(final, error) or error from error
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with LF line ends, whole or not at all."""
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys, so that equal values are equal bytes; NaN and infinity are refused."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n")


def _flush_to_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
