"""`lab bench`: the programs of `bench/`, each of which measures one part of the lab and says how."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from llmlab.artifacts.errors import LabError

FOLDER = Path("bench")

# What a part does not know, its own program does: `lab bench throughput --device cuda`.
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def bench(
    context: typer.Context,
    part: Annotated[str | None, typer.Argument(help="what to measure; without it, the list of parts")] = None,
) -> None:
    """Measure one part of the lab; options go to its program (`lab bench PART -- --help` shows them)."""
    parts = _parts()
    if part is None:
        width = max(map(len, parts))
        print("\n".join(f"{name:<{width}}  {_first_line(path)}" for name, path in parts.items()))
        return
    if part not in parts:
        raise LabError(f"there is no part {part!r} to measure", f"take one of {', '.join(parts)}")
    raise typer.Exit(subprocess.call([sys.executable, str(parts[part]), *context.args]))


def _parts() -> dict[str, Path]:
    """The programs by name; a file that starts nothing is a piece of another one."""
    if not FOLDER.is_dir():
        raise LabError(f"{Path.cwd()} has no folder {FOLDER}", "run `cd` to the project's root first")
    programs = {path.stem.replace("_", "-"): path for path in sorted(FOLDER.glob("*.py"))}
    return {name: path for name, path in programs.items() if '__name__ == "__main__"' in path.read_text("utf-8")}


def _first_line(path: Path) -> str:
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]
