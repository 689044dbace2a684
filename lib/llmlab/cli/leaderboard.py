"""`lab leaderboard`: our models beside n-grams and anybody's baseline, from metrics alone."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import METRICS, languages
from llmlab.cli.revision import WORKSPACE, read_revision

_EVAL = "eval."


def leaderboard(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="`workspace`, commits, branches or tags, another eval.json; by default the workspace."),
    ] = None,
    baseline: Annotated[
        list[Path] | None,
        typer.Option(help='A file of others\' numbers: {"gpt2": {"bits_per_byte.english": 1.1}}; may be repeated.'),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write a page here, by its ending .html or .md.")] = None,
) -> None:
    """Rank the models of the metrics, of other commits and of files, as Markdown or as a page that opens offline."""
    from llmlab.artifacts.atomic import write_text  # noqa: PLC0415
    from llmlab.viz.board import make_board  # noqa: PLC0415
    from llmlab.viz.leaderboard import leaderboard_markdown, write_leaderboard  # noqa: PLC0415

    given = {name: values for path in baseline or [] for name, values in _baselines(path).items()}
    found = {name: _evaluation(name) for name in dict.fromkeys(sources or [WORKSPACE])}
    board = make_board(found, languages(), given)
    if out is None:
        print(leaderboard_markdown(board), end="")
        return
    if out.suffix == ".html":
        write_leaderboard(board, _contamination(sources or [WORKSPACE]), out)
    else:
        write_text(out, leaderboard_markdown(board))
    print(f"{out}: {len(board.entrants)} rows, {len(board.columns)} measures")


def _evaluation(name: str) -> dict[str, float]:
    """The numbers of an eval.json by dotted key: of a file, or of a commit or the workspace.

    Raises:
        LabError: no such file or commit, or it holds no evaluation.
    """
    from llmlab.viz.board import flat_numbers  # noqa: PLC0415

    if name.endswith(".json") or (os.sep in name and Path(name).is_file()):
        return dict(flat_numbers(_read(Path(name))))
    metrics = read_revision(name).metrics
    found = {key.removeprefix(_EVAL): value for key, value in metrics.items() if key.startswith(_EVAL)}
    if not found:
        raise LabError(f"{name} has no {METRICS}/eval.json", "run `dvc repro evaluate` there and commit its metrics")
    return found


def _contamination(sources: list[str]) -> dict[str, Any]:
    """What the workspace knows of its tasks, when it is on the board."""
    path = METRICS / "eval.json"
    return _read(path).get("contamination", {}) if WORKSPACE in sources and path.is_file() else {}


def _baselines(path: Path) -> dict[str, dict[str, float]]:
    """Entrants and their numbers by column key.

    Raises:
        LabError: the file is no mapping of names to numbers.
    """
    tree = _read(path)
    for name, values in tree.items():
        numbers = values.values() if isinstance(values, dict) else [None]
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in numbers):
            raise LabError(
                f"{path}: {name} holds no numbers by column",
                'write {"gpt2": {"bits_per_byte.english": 1.1, "tasks.copy/english": 0.2}}',
            )
    return tree


def _read(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LabError(f"{path} is missing", "name another file; `ls` shows what is here") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise LabError(f"{path} is not valid JSON: {error}", "correct it, or write it again") from error
    if not isinstance(tree, dict):
        raise LabError(f"{path} holds no keys", 'write an object: {"name": {"measure": 1.0}}')
    return tree
