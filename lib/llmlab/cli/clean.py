"""`lab clean`: space back, and nothing that is in use."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import project_params, size_text

if TYPE_CHECKING:
    from llmlab.cli.waste import Waste


def clean(
    scratch: Annotated[bool, typer.Option("--scratch", help="Checkpoints and timings of runs.")] = False,
    cache: Annotated[
        bool, typer.Option("--cache", help="Downloaded files; they are fetched again when needed.")
    ] = False,
    artifacts: Annotated[
        bool, typer.Option("--artifacts", help="What DVC keeps of other commits and experiments, with `dvc gc -w`.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All three.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove what can be made again: scratch files, downloads, artifacts that this workspace does not use."""
    from llmlab.cli import waste  # noqa: PLC0415

    project_params()
    if not (scratch or cache or artifacts or everything):
        raise LabError("nothing was named to remove", "name it: `lab clean --scratch --cache --dry-run`")
    found: list[Waste] = []
    if scratch or everything:
        found += _listed("scratch (a run that was stopped starts from its first step again)", waste.scratch())
    if cache or everything:
        found += _listed("downloads", waste.downloads())
    number = size = 0
    if artifacts or everything:
        number, size = waste.unused_artifacts()
        print(f"artifacts that this workspace does not use: {number}, {size_text(size)}")
        print("  older commits would have to make theirs again; `dvc push` keeps them elsewhere first")
    total = size + sum(item.size for item in found)
    if not found and not number:
        print("nothing to remove")
        return
    if dry_run:
        print(f"would free {size_text(total)}; nothing was removed")
        return
    if not yes:
        typer.confirm(f"free {size_text(total)}?", abort=True)
    for item in found:
        waste.remove(item)
    if number:
        waste.remove_unused_artifacts()
    print(f"freed {size_text(total)}")


def _listed(title: str, found: Sequence["Waste"]) -> list["Waste"]:
    """Print a kind of waste; returns what may go."""
    loose = [item for item in found if not item.kept_because]
    print(f"{title}: {size_text(sum(item.size for item in loose))}")
    for item in sorted(loose, key=lambda item: -item.size)[:5]:
        print(f"  {item.path}  {size_text(item.size)}")
    if len(loose) > 5:
        print(f"  and {len(loose) - 5} smaller ones")
    for item in found:
        if item.kept_because:
            print(f"  kept: {item.path}, because {item.kept_because}")
    return loose
