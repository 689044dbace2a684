"""`lab sweep`: train once for every value of one key or of several, and see what it does to the loss."""

from pathlib import Path
from typing import Annotated

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import project_params

SWEEPS = Path("sweeps")


def sweep(
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY=VALUES...",
            help="Keys of params.yaml: `a,b,c`, `2..5`, `0..1:5` (five, evenly), `0.001..0.1:log5`. Every value of one "
            "key goes with every value of the others; `seed=1..3` repeats each point.",
        ),
    ] = None,
    *,
    stage: Annotated[str, typer.Option(help="Stage whose loss counts: pretrain, sft or lora.")] = "pretrain",
    out: Annotated[Path | None, typer.Option(help="Folder of tables and picture; by default sweeps/KEYS.")] = None,
    dry: Annotated[bool, typer.Option("--dry", help="Print what would run, and leave.")] = False,
    lr_range: Annotated[
        bool, typer.Option("--lr-range", help="Instead: one short run whose learning rate grows all the time.")
    ] = False,
    steps: Annotated[int, typer.Option(min=20, help="Steps of the range test.")] = 200,
    up_to: Annotated[float, typer.Option(min=0.001, help="Last rate of the range test, in present ones.")] = 10.0,
) -> None:
    """Sweep over any key of params.yaml that a training stage, or a stage before it, reads.

    Only what a key reaches runs again, on the project's own data, and the project's models stay as they are. A sweep
    that is stopped goes on where it was; one with more values runs only those. Without values and with `--lr-range`:
    the learning-rate range test of Smith 2017, which suggests a rate.
    """
    project_params()
    if lr_range:
        if values:
            raise LabError("the range test takes no values", "leave them out: `lab sweep --lr-range --up-to 10`")
        from llmlab.cli.range_test import range_test  # noqa: PLC0415

        range_test(out or SWEEPS / "lr-range", steps, up_to)
        return
    if stage not in ("pretrain", "sft", "lora"):
        raise LabError(f"stage {stage!r} trains nothing", "name one of pretrain, sft, lora")
    from llmlab.cli.sweeping import sweep_over  # noqa: PLC0415

    sweep_over(values or [], stage, out, SWEEPS, dry)
