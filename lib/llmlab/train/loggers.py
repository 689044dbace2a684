"""Where a run's curves go while it runs: tables that DVC reads, TensorBoard's event files, and W&B when asked for.

All of it lies in `.runs/logs/<stage>/<key>/`, beside the timings: facts of a run on this machine, never an artifact.
"""

import os
from collections.abc import Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import Protocol

from llmlab.artifacts.atomic import write_text
from llmlab.pipeline.stage import RUNS
from llmlab.train.events import EventFile
from llmlab.train.scratch import is_begun
from llmlab.train.wandb_run import ASKED, WandbRun

LOGS = RUNS / "logs"


class Logger(Protocol):
    """Takes the numbers of each step (kind `train`) and of each validation (kind `validation`)."""

    def start(self, step: int) -> None:
        """Begin, or go on after `step`; what was logged of later steps is dropped."""
        ...

    def log(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """The numbers of one step."""
        ...

    def close(self) -> None:
        """Nothing more comes."""
        ...


def log_folder(scratch: Path) -> Path:
    """Where the run whose checkpoints are in `scratch` logs."""
    return LOGS / scratch.parent.name / scratch.name[:8]


def make_loggers(scratch: Path) -> list[Logger]:
    """The loggers of a run: none of one that no stage began; W&B when `LLMLAB_WANDB` names a project.

    Raises:
        LabError: W&B is asked for and not installed.
    """
    if not is_begun(scratch):
        return []
    folder = log_folder(scratch)
    loggers: list[Logger] = [Tables(folder), EventFile(folder)]
    project = os.environ.get(ASKED)
    if project:
        loggers.append(WandbRun(project, folder.parent.name, folder.name, folder))
    return loggers


class Tables:
    """`train.tsv` with a row per step and `validation.tsv` with a row per validation.

    A run that was killed and goes on ends with the same bytes as one that was not.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, TextIOWrapper] = {}

    def start(self, step: int) -> None:
        """See `Logger.start`."""
        self.close()
        for path in self._folder.glob("*.tsv"):
            # What follows the last line end is a row, or the head, that a kill cut.
            head, *rows = path.read_text(encoding="utf-8").rpartition("\n")[0].splitlines() or [""]
            if step == 0 or not head:
                path.unlink()
            else:
                kept = [row for row in rows if int(row.split("\t")[0]) <= step]
                write_text(path, "\n".join([head, *kept]) + "\n")

    def log(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """See `Logger.log`."""
        if kind not in self._files:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{kind}.tsv"
            new = not path.exists()
            # Line by line, so that a killed run's last step is on disk.
            self._files[kind] = path.open("a", encoding="utf-8", newline="\n", buffering=1)
            if new:
                self._files[kind].write("\t".join(["step", *values]) + "\n")
        self._files[kind].write("\t".join([str(step), *map(str, values.values())]) + "\n")

    def close(self) -> None:
        """See `Logger.close`."""
        for file in self._files.values():
            file.close()
        self._files = {}
