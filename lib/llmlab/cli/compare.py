"""`lab compare`: two models or two commits, side by side."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import PARAMS, project_params

if TYPE_CHECKING:
    from rich.console import Console

    from llmlab.cli.revision import Revision

_BITS = "bits_per_byte"
_NONE = "–"


def compare(
    first: Annotated[str, typer.Argument(help="A model folder, or a commit, branch, tag or `workspace`.")],
    second: Annotated[str, typer.Argument(help="The other one, of the same sort.")],
    lang: Annotated[str, typer.Option(help="Only this language; by default all of params.yaml.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also the numbers that are equal.")] = False,
    seed: Annotated[int, typer.Option(help="Of the samples that two models write.")] = 1,
    max_new: Annotated[int, typer.Option(min=1, help="Longest sample in tokens.")] = 80,
) -> None:
    """Put the metrics and samples of two models or two commits side by side."""
    prompts = _prompts(lang)
    folders = [Path(name) for name in (first, second) if (Path(name) / "config.json").is_file()]
    if len(folders) == 1:
        raise LabError(
            f"{folders[0]} is a model folder, the other is not",
            "compare two of a sort: `lab compare models/base models/chat` or `lab compare HEAD~1 workspace`",
        )
    if folders:
        from llmlab.cli.model_side import read_model  # noqa: PLC0415

        sides = [read_model(folder, prompts, seed, max_new) for folder in folders]
    else:
        from llmlab.cli.revision import read_revision  # noqa: PLC0415

        _refuse_empty_folders(first, second)
        sides = [read_revision(name) for name in (first, second)]
    _print(sides, prompts, everything, bool(lang))


def _prompts(lang: str) -> dict[str, str]:
    """The prompts that samples start from, by language.

    Raises:
        LabError: params.yaml does not know `lang`.
    """
    params = project_params()
    written = (params.get("evaluate") or {}).get("sample_prompts") or {}
    prompts = {name: str(written.get(name, "")) for name in params.get("languages", [])}
    if not lang:
        return prompts
    if lang not in prompts:
        known = ", ".join(prompts)
        raise LabError(
            f"{PARAMS} has no language {lang!r}", f"use one of {known}, as in `--lang {next(iter(prompts), '')}`"
        )
    return {lang: prompts[lang]}


def _refuse_empty_folders(*names: str) -> None:
    """A folder that is no model is a slip, not a commit."""
    for name in names:
        if "/" in name and Path(name).is_dir():
            raise LabError(f"{name} is a folder, but no model: it has no config.json", "name one, such as models/base")


def _print(sides: Sequence["Revision"], prompts: Mapping[str, str], everything: bool, narrow: bool) -> None:
    from rich.console import Console  # noqa: PLC0415

    console = Console(highlight=False)
    if narrow:
        keep = [f".{lang}" for lang in prompts]
        bits = {key for side in sides for key in side.metrics if _BITS in key and any(key.endswith(k) for k in keep)}
    else:
        bits = {key for side in sides for key in side.metrics if _BITS in key}
    values = [side.metrics for side in sides]
    others = {key for metrics in values for key in metrics if _BITS not in key}
    changed = {key for key in others if everything or values[0].get(key) != values[1].get(key)}
    _numbers(console, "bits per byte (less is better)", sides, sorted(bits))
    _numbers(console, "metrics" if everything else "metrics that differ", sides, sorted(changed))
    _params(console, sides)
    _samples(console, sides, prompts)
    for side in sides:
        if side.why:
            console.print(f"{side.name}: {side.why}", markup=False)


def _numbers(console: "Console", title: str, sides: Sequence["Revision"], keys: Sequence[str]) -> None:
    from rich.table import Table  # noqa: PLC0415

    if not keys:
        return
    table = Table(title=title, title_justify="left")
    table.add_column("", overflow="fold")
    for head in (*(side.name for side in sides), "difference"):
        table.add_column(head, justify="right", overflow="fold")
    for key in keys:
        first, second = (side.metrics.get(key) for side in sides)
        table.add_row(key, number_text(first), number_text(second), difference_text(first, second))
    console.print(table)


def number_text(value: float | None) -> str:
    """A number with as many digits as say something."""
    if value is None:
        return _NONE
    if isinstance(value, int) or (abs(value) < 1e15 and value == int(value)):
        return f"{int(value):,}"
    return f"{value:.4g}" if abs(value) < 1e-3 else f"{value:,.4f}"


def difference_text(first: float | None, second: float | None) -> str:
    """Second minus first, with its share of the first."""
    if first is None or second is None or not math.isfinite(second - first):
        return _NONE
    if first == second:
        return "="
    share = f" ({100 * (second - first) / abs(first):+.1f} %)" if first else ""
    sign = "+" if second > first else "-"
    return f"{sign}{number_text(abs(second - first))}{share}"


def _params(console: "Console", sides: Sequence["Revision"]) -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    first, second = (side.params for side in sides)
    keys = [key for key in sorted({*first, *second}) if first.get(key) != second.get(key)]
    if not keys:
        return
    table = Table("", *(side.name for side in sides), title="params that differ", title_justify="left")
    for key in keys:
        table.add_row(key, *(Text(str(side.get(key, _NONE))) for side in (first, second)))
    console.print(table)


def _samples(console: "Console", sides: Sequence["Revision"], prompts: Mapping[str, str]) -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    if all(side.samples is None for side in sides):
        return
    table = Table("", *(side.name for side in sides), title="samples", title_justify="left", show_lines=True)
    for lang in prompts:
        texts = [_sample_of(side, lang) for side in sides]
        table.add_row(lang, *(Text(text) for text in texts))
    console.print(table)


def _sample_of(side: "Revision", lang: str) -> str:
    rows: Sequence[Mapping[str, Any]] = side.samples or []
    found = next((row for row in rows if row.get("lang") == lang), None)
    return _NONE if found is None else f"{found['prompt']}{found['text']}"
