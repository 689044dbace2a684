"""`lab smalltalk`: what the Smalltalk parser says of methods."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, TextIO

import typer

from llmlab.artifacts.atomic import atomic_file
from llmlab.artifacts.errors import LabError

app = typer.Typer(
    help="What the Smalltalk parser says of methods.",
    epilog="Example: lab smalltalk check methods.jsonl --out verdicts.jsonl",
)


@app.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """What the Smalltalk parser says of methods."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command(epilog="Example: lab smalltalk check methods.jsonl --out verdicts.jsonl")
def check(
    file: Annotated[Path, typer.Argument(help="JSON lines with id, dialect and source: one whole method each.")],
    out: Annotated[Path | None, typer.Option(help="Where the verdicts go; to the terminal otherwise.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes for a large file; 0: one for each core.")] = 0,
) -> None:
    """Say of every method whether it is valid in its dialect, and what is wrong with it: id, valid, error.

    Dialects: strict, pharo, squeak, cuis, gnu, dolphin, visualworks, gemstone, amber, st80.
    """
    from llmlab.smalltalk.verdicts import BadLineError, verdicts  # noqa: PLC0415

    try:
        found = verdicts(file, workers or os.cpu_count() or 1)
        if out is None:
            _write(found, sys.stdout)
            return
        with atomic_file(out) as temporary, temporary.open("w", encoding="utf-8") as target:
            _write(found, target)
    except BadLineError as error:
        remedy = 'write one object a line: {"id": 1, "dialect": "pharo", "source": "foo ^ 1"}'
        raise LabError(f"{file}, {error}", remedy) from error


def _write(lines: Iterable[str], target: TextIO) -> None:
    for line in lines:
        target.write(line + "\n")
