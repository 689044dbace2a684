"""What takes space and can be made again: checkpoints of unfinished runs, downloads, artifacts nothing uses."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from llmlab.cli.dvc import run_dvc
from llmlab.cli.holders import held_stages, scratch_root
from llmlab.cli.project import RUNS, folder_size

_DOWNLOADS = Path(".cache/downloads")
# How each line of `dvc gc --dry` begins.
_REMOVING = "Removing "


@dataclass(frozen=True)
class Waste:
    """One thing that can go, and why it may not."""

    path: Path
    size: int
    kept_because: str = ""


def scratch() -> list[Waste]:
    """Checkpoints and curves of runs, and the facts of finished ones; those of a stage at work are kept."""
    held = held_stages()
    found = []
    for root in (scratch_root(), RUNS / "logs"):
        for stage in sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []:
            found += [_one(run, stage.name, held) for run in sorted(stage.iterdir())]
    return found + [_one(path, path.stem, held) for path in _run_files()]


def downloads() -> list[Waste]:
    """The download cache; kept while a scrape is at work."""
    held = held_stages()
    return [_one(_DOWNLOADS, "scrape", held)] if _DOWNLOADS.is_dir() else []


def remove(waste: Waste) -> None:
    """Delete it.

    Raises:
        OSError: it cannot be deleted.
    """
    if waste.path.is_dir() and not waste.path.is_symlink():
        shutil.rmtree(waste.path)
    else:
        waste.path.unlink(missing_ok=True)


def unused_artifacts() -> tuple[int, int]:
    """How many objects of DVC's cache the workspace does not use, and their bytes.

    Raises:
        LabError: DVC cannot tell.
    """
    lines = run_dvc("gc", "--workspace", "--dry", "--force").splitlines()
    paths = [Path(line.removeprefix(_REMOVING)) for line in lines if line.startswith(_REMOVING)]
    return len(paths), sum(map(folder_size, paths))


def remove_unused_artifacts() -> None:
    """Let DVC delete what the workspace does not use.

    Raises:
        LabError: DVC fails.
    """
    run_dvc("gc", "--workspace", "--force")


def _one(path: Path, stage: str, held: dict[str, str]) -> Waste:
    holder = next((who for name, who in held.items() if name == stage or name.startswith(f"{stage}-")), "")
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return Waste(shown, folder_size(path), f"stage {stage} is at work ({holder})" if holder else "")


def _run_files() -> Iterator[Path]:
    """Facts and lock files of stages."""
    if RUNS.is_dir():
        yield from sorted(path for path in RUNS.iterdir() if path.suffix in (".json", ".lock"))
