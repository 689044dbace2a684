"""How a stage program runs: options by signature, one writer at a time, errors as sentences, timing aside."""

import inspect
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import typer

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.errors import LabError, disk_full
from llmlab.artifacts.lock import exclusive

PARAMS = Path("params.yaml")
RUNS = Path(".runs")


def run_stage(main: Callable[..., dict[str, Any] | None], together: Callable[[Path], bool] = lambda _: False) -> None:
    """Run a stage's `main` with its keyword arguments taken from the command line (`--name value`).

    What `main` returns is written with the seconds it took to the git-ignored `.runs/<stage>.json`: facts of this
    machine and run that must not enter an artifact.

    `together` may run this program again as several processes, by the params, and says whether it did. Of several, the
    first one holds the lock, writes and speaks; the others only compute.
    """
    # Progress must reach the person at once even though DVC runs the stage through a pipe.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)

    def program(**arguments: Any) -> None:
        name = "-".join([Path(sys.argv[0]).stem, *(str(v) for v in arguments.values() if isinstance(v, str | int))])
        try:
            _refuse_other_library()
            if together(PARAMS):
                return
            if _is_beside_the_first():
                with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
                    main(**arguments)
                return
            with exclusive(RUNS / f"{name}.lock", f"stage {name}"):
                _timed(main, name, arguments)
        except LabError as error:
            _fail(error)
        except OSError as error:
            full = disk_full(Path(error.filename or "."), error)
            if full is None:
                raise
            _fail(full)

    signature = inspect.signature(main)
    options = [parameter.replace(default=typer.Option(...)) for parameter in signature.parameters.values()]
    program.__signature__ = signature.replace(parameters=options)  # type: ignore[attr-defined]
    program.__doc__ = main.__doc__ or inspect.getdoc(sys.modules["__main__"])
    application = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    application.command()(program)
    application()


def _is_beside_the_first() -> bool:
    """Whether torchrun started this process and another one is the first."""
    return "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("RANK", "0") != "0"


def _timed(main: Callable[..., dict[str, Any] | None], name: str, arguments: dict[str, Any]) -> None:
    started = time.perf_counter()
    facts = main(**arguments) or {}
    write_json(RUNS / f"{name}.json", {"seconds": round(time.perf_counter() - started, 2), **facts})


def _refuse_other_library() -> None:
    """Refuse to run this folder's stage on another folder's library.

    A copy of the project, such as `dvc exp run --temp` makes, still imports what pip installed in editable form, while
    `fingerprint` hashes the copy: the run would be recorded as something it was not.
    """
    here, imported = Path("lib/llmlab").resolve(), Path(__file__).resolve().parents[1]
    if here.is_dir() and here != imported:
        raise LabError(f"the library here is {here}, but Python imported {imported}", "run `export PYTHONPATH=lib`")


def _fail(error: LabError) -> None:
    print(f"error: {error}", file=sys.stderr)
    raise SystemExit(1)


def read_run(name: str) -> dict[str, Any]:
    """The facts of a stage's last run on this machine, empty if there was none."""
    path = RUNS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
