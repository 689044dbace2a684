"""What runs the tasks of datatrove's steps: this machine, a Ray cluster or Slurm; the results are the same.

A task is one share of the work, by number (`rank`); steps talk to each other through files of a folder that every
machine must see. datatrove pickles steps to send them, so a step is an object of a class that workers can import.
"""

import contextlib
import io
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from datatrove.executor.base import PipelineExecutor
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.executor.ray import RayPipelineExecutor
from datatrove.executor.slurm import SlurmPipelineExecutor

from llmlab.artifacts.errors import LabError
from llmlab.corpus.cluster import ClusterConfig, ExecutorName

_LIBRARY = Path(__file__).resolve().parents[2]


def run_tasks(steps: list[Any], tasks: int, logs: Path, name: ExecutorName, cluster: ClusterConfig) -> None:
    """Run datatrove's `steps` for every rank below `tasks`, and return when all have finished.

    Raises:
        LabError: the executor is not installed or not set up, or a task failed on it.
    """
    # datatrove's own memory of finished tasks would not notice another input.
    shutil.rmtree(logs, ignore_errors=True)
    executor = _MAKERS[name](steps, tasks, str(logs), cluster)
    try:
        # It talks on stderr at every turn; its files below `logs` say the same.
        with contextlib.redirect_stderr(io.StringIO()):
            executor.run()
    except subprocess.CalledProcessError as error:
        raise _unfinished(executor, logs, name) from error
    if executor.get_incomplete_ranks(skip_completed=True):
        raise _unfinished(executor, logs, name)


def _unfinished(executor: PipelineExecutor, logs: Path, name: str) -> LabError:
    missing = executor.get_incomplete_ranks(skip_completed=True)
    lines: list[str] = []
    for log in sorted(logs.rglob("*.log")) + sorted(logs.rglob("*.out")):
        lines += [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if "Error" in line]
    said = f": {lines[-1].strip()}" if lines else ""
    return LabError(
        f"{len(missing)} of {executor.world_size} tasks did not finish on {name}{said}",
        "set `executor: local` to run them here and see why",
    )


def _local(steps: list[Any], tasks: int, logs: str, cluster: ClusterConfig) -> PipelineExecutor:
    return LocalPipelineExecutor(
        steps, tasks=tasks, workers=min(cluster.workers, tasks), logging_dir=logs, skip_completed=False
    )


def _ray(steps: list[Any], tasks: int, logs: str, cluster: ClusterConfig) -> PipelineExecutor:
    if find_spec("ray") is None:
        raise LabError("executor `ray` needs the package ray", "run `pip install -c constraints.txt -e '.[ray]'`")
    # Ray finds its cluster by RAY_ADDRESS; without one it starts a cluster of this machine alone.
    return RayPipelineExecutor(
        steps, tasks=tasks, workers=min(cluster.workers, tasks), logging_dir=logs, mem_per_cpu_gb=cluster.memory_gb
    )


def _slurm(steps: list[Any], tasks: int, logs: str, cluster: ClusterConfig) -> PipelineExecutor:
    if not cluster.partition:
        raise LabError("executor `slurm` needs a partition", "set `cluster.partition` beside it in params.yaml")
    if shutil.which("sbatch") is None:
        raise LabError("executor `slurm` needs Slurm's sbatch, which is not on PATH", "run this on a login node")
    return SlurmPipelineExecutor(
        steps,
        tasks=tasks,
        # A job does its share of the tasks one after the other, so that Python starts once a worker.
        tasks_per_job=-(-tasks // cluster.workers),
        time=f"{cluster.hours}:00:00",
        partition=cluster.partition,
        mem_per_cpu_gb=-int(-cluster.memory_gb // 1),
        qos="",
        job_name=f"llmlab-{Path(logs).name}",
        env_command=f'export PATH="{Path(sys.executable).parent}:$PATH" PYTHONPATH="{_LIBRARY}:$PYTHONPATH"',
        # With `wait` sbatch returns when the jobs have ended, which the next step needs.
        sbatch_args={**cluster.sbatch, "wait": ""},
        logging_dir=logs,
    )


_MAKERS = {"local": _local, "ray": _ray, "slurm": _slurm}
