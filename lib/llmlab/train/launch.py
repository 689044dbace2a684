"""A stage that starts itself as several processes, by the machinery of torchrun, and says what became of them."""

import signal
import sys
from pathlib import Path
from typing import Any

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import load_section
from llmlab.runtime.distributed import started_together
from llmlab.train.config import TrainConfig

# Seconds for a step and a checkpoint, once the processes are told to end.
_GRACE = 120
_LOCAL = "127.0.0.1"


def start_processes(params: Path) -> bool:
    """Run this program as `train.processes` processes, where those are several and this is none of them.

    `dvc repro` needs no other command then; across machines torchrun starts the same program (docs/SCALE.md).

    Returns:
        Whether it did, to a good end.

    Raises:
        LabError: one of them failed or was killed, upon which all were ended; or this process was asked to stop.
    """
    config = load_section(params, "train", TrainConfig)
    if config.processes == 1 or started_together():
        return False
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException  # noqa: PLC0415
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError  # noqa: PLC0415
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch  # noqa: PLC0415

    launch = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=config.processes,
        rdzv_backend="c10d",
        rdzv_endpoint=f"{_LOCAL}:0",
        local_addr=_LOCAL,
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(),
        shutdown_timeout=_GRACE,
    )
    try:
        elastic_launch(launch, sys.executable)("-u", *sys.argv)
    except ChildFailedError as error:
        raise _failed(error.failures) from None
    except SignalException as error:
        raise LabError(
            f"{error.sigval.name}: the {config.processes} processes were asked to stop",
            "run the same command again: it goes on from the last checkpoint",
        ) from None
    return True


def _failed(failures: dict[int, Any]) -> LabError:
    """What ended first, as far as can be told: a kill from outside, else an error, else being told to end."""
    told_to_end = -signal.SIGTERM
    number, failure = min(failures.items(), key=lambda each: (each[1].exitcode == told_to_end, each[1].exitcode > 0))
    how = f"was killed by {failure.signal_name()}" if failure.exitcode < 0 else "ended with the error above"
    return LabError(
        f"process {number} {how}; all were ended",
        "mend what a message says, and run the same command again: it goes on from the last checkpoint",
    )
