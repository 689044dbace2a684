"""A run's curves to Weights & Biases, for those who ask for it: it sends them to that service."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from llmlab.artifacts.errors import LabError

ASKED = "LLMLAB_WANDB"


class WandbRun:
    """One run of a project there; it keeps its identity when it is killed and goes on.

    Args:
        project: as the service knows it.
        stage: the runs of one stage are a group.
        key: of the run, its name and identity there.
        folder: for what the client keeps beside.

    Raises:
        LabError: the package is not installed.
    """

    def __init__(self, project: str, stage: str, key: str, folder: Path) -> None:
        if find_spec("wandb") is None:
            raise LabError(
                f"{ASKED} asks for Weights & Biases, which is not installed", f"`pip install wandb`, or unset {ASKED}"
            )
        self._project, self._stage, self._key, self._folder = project, stage, key, folder
        self._run: Any = None

    def start(self, step: int) -> None:
        """Begin or go on. Steps are a quantity of their own there, so that some may come twice."""
        import wandb  # noqa: PLC0415

        self._folder.mkdir(parents=True, exist_ok=True)
        if self._run is None:
            self._run = wandb.init(
                project=self._project,
                group=self._stage,
                name=f"{self._stage} {self._key}",
                id=f"{self._stage}-{self._key}",
                resume="allow",
                dir=str(self._folder),
            )
            self._run.define_metric("*", step_metric="step")

    def log(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """Numbers of one step, each as `kind/name`."""
        self._run.log({"step": step, **{f"{kind}/{name}": value for name, value in values.items()}})

    def close(self) -> None:
        """Nothing more comes."""
        if self._run is not None:
            self._run.finish()
            self._run = None
