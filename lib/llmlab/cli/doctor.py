"""`lab doctor`: what this machine can do, what is missing, and what the present params will take."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import PARAMS, RUNS, size_text

if TYPE_CHECKING:
    from llmlab.cli.estimate import StageEstimate

_WIDTH = 13


def doctor(
    quick: Annotated[bool, typer.Option("--quick", help="Leave the measurement (about two seconds) out.")] = False,
    plan: Annotated[
        bool,
        typer.Option("--plan", help="Only compute the memory per GPU of 124 M to 1 B parameters, one GPU to eight."),
    ] = False,
) -> None:
    """Look at the machine, the parts that may be missing, what is running, and what the params will take."""
    if plan:
        _plan()
        return
    _machine()
    _running()
    if PARAMS.exists():
        _costs(quick)


def _plan() -> None:
    from llmlab.train.plan import CONTEXT, ROWS, sizes_table, table  # noqa: PLC0415

    print(f"{sizes_table()}\n")
    print(f"GiB a GPU, bf16, Muon, passes of {ROWS} rows, {size_text(CONTEXT)} for the driver in `other` (computed)\n")
    print(table())


def _machine() -> None:
    from llmlab.cli.machine import checks, facts  # noqa: PLC0415

    print("machine")
    for name, text in facts().items():
        _line(name, text)
    print("\nparts")
    missing = 0
    for check in checks():
        _line(check.name, check.state or f"missing: {check.remedy}")
        missing += not check.state
    print(
        "  nothing is missing" if not missing else f"  {missing} missing; the command that mends it stands beside each"
    )


def _running() -> None:
    from llmlab.cli.holders import held_stages, holders  # noqa: PLC0415

    print("\nrunning")
    at_work = held_stages()
    for stage, who in at_work.items():
        _line(stage, who)
    for holder in holders():
        if holder.what == "dvc":
            _line("dvc", str(holder))
    if not at_work:
        print("  no stage is at work")
    else:
        print("  `kill PID` stops one; `dvc repro` then goes on from its last checkpoint")


def _costs(quick: bool) -> None:
    from llmlab.cli.estimate import estimate, measured_flops  # noqa: PLC0415
    from llmlab.cli.sections import check_sections  # noqa: PLC0415

    print(f"\nwhat {PARAMS} will take (estimates: they leave out reading data, validation and evaluation)")
    if busy := _busy():
        _line("warning", busy)
    try:
        check_sections(PARAMS)
        found = estimate()
    except LabError as error:
        # The other half of the report is worth having while the params are broken.
        _line("params", f"broken: {error.problem}; {error.remedy}")
        return
    parts = ", ".join(f"{name} {count:,}" for name, count in found.parameters.items() if count and name != "total")
    _line("parameters", f"{found.parameters['total']:,} ({parts})")
    _line(
        "disk", ", ".join(f"{name} {size_text(size)}" for name, size in found.disk.items()) + _disk_warning(found.disk)
    )
    rate = None
    if not quick:
        rate, where = measured_flops()
        _line("speed", f"{rate / 1e9:,.0f} GFLOP/s measured in matrix products of the model's sizes ({where})")
    _stages(found.stages, rate)


def _stages(stages: list["StageEstimate"], rate: float | None) -> None:
    from llmlab.cli.estimate import last_speed  # noqa: PLC0415

    speeds = last_speed(RUNS)
    for stage in stages:
        parts = [f"{stage.tokens:,} tokens", f"{stage.flops:.2g} FLOP", f"memory {size_text(stage.memory)}"]
        if rate is not None:
            parts.append("time " + " to ".join(map(time_text, stage.seconds(rate))))
        if stage.name in speeds:
            speed = speeds[stage.name]
            parts.append(f"at the last run's {speed:,.0f} tokens/s {time_text(stage.tokens / speed)}")
        _line(stage.name, ", ".join(parts))


def _busy() -> str:
    """Other work makes every measurement here too pessimistic."""
    load, cores = os.getloadavg()[0], os.cpu_count() or 1
    return (
        f"the machine is busy (load {load:.1f} on {cores} cores): the times below are too long"
        if load > cores / 2
        else ""
    )


def time_text(seconds: float) -> str:
    """Seconds as people read them."""
    for limit, size, unit in ((100, 1, "s"), (100 * 60, 60, "min"), (48 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}" if seconds >= 10 * size else f"{seconds / size:.1f} {unit}"
    return f"{seconds / 86400:,.0f} days"


def _disk_warning(disk: dict[str, int]) -> str:
    free = shutil.disk_usage(Path.cwd()).free
    return "" if sum(disk.values()) < free else f"; only {size_text(free)} are free: `lab clean --all --dry-run`"


def _line(name: str, text: str) -> None:
    print(f"  {name:<{_WIDTH}} {text}")
