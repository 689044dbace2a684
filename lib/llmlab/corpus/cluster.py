"""Which machines a stage's tasks run on, as params say it; `executor.py` runs them."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

ExecutorName = Literal["local", "ray", "slurm"]


@dataclass(frozen=True, kw_only=True)
class ClusterConfig:
    """How much an executor may use; nothing here changes a result."""

    workers: Annotated[int, Field(ge=1)] = 1
    """Tasks that run at the same time: processes of this machine, actors of Ray, jobs of Slurm."""
    memory_gb: Annotated[float, Field(gt=0)] = 2
    """Memory that a task reserves with Ray or Slurm."""
    partition: str = ""
    """Slurm's partition; needed there."""
    hours: Annotated[int, Field(ge=1)] = 4
    """Slurm's time limit of a job."""
    sbatch: dict[str, str] = field(default_factory=dict)
    """More options for Slurm's sbatch, such as `account`."""
