"""`lab preset`: another set of params over the present one."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import PARAMS, PRESETS, project_params

_NOTHING = "nothing"


def preset(
    name: Annotated[str, typer.Argument(help="Which preset; without a name they are listed.")] = "",
    folder: Annotated[Path, typer.Option(help="Where the presets lie.")] = PRESETS,
) -> None:
    """List the presets, or lay one over params.yaml; comments there are kept."""
    before = project_params()
    if not name:
        _print_list(folder)
        return
    _refuse_unknown(folder, name)
    _try_out(folder, name)
    changed = _apply(PARAMS, folder, name)
    if not changed:
        print(f"{PARAMS} already says what preset {name} says")
        return
    after = project_params()
    for key in changed:
        print(f"{key}: {_value(before, key)} -> {_value(after, key)}")
    print(f"\n`git diff {PARAMS}` shows what changed, `git checkout {PARAMS}` undoes it, `dvc repro` runs it")


def _print_list(folder: Path) -> None:
    found = sorted(folder.glob("*.yaml"))
    if not found:
        raise LabError(f"there are no presets in {folder}", f"restore them with `git checkout {PRESETS}`")
    width = max(len(path.stem) for path in found)
    for path in found:
        print(f"{path.stem:<{width}}  {_description(path)}")
    print("\n`lab preset NAME` applies one")


def _description(path: Path) -> str:
    """The comment that a preset begins with, its first line."""
    first = path.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    return first.lstrip("# ").strip() if first.startswith("#") else ""


def _refuse_unknown(folder: Path, name: str) -> None:
    from llmlab.pipeline.presets import preset_names  # noqa: PLC0415

    known = preset_names(folder)
    if name not in known:
        said = ", ".join(known) or _NOTHING
        raise LabError(f"there is no preset {name!r} in {folder} (there is: {said})", "list them with `lab preset`")


def _try_out(folder: Path, name: str) -> None:
    """Apply the preset to a copy and read every section of it, so that a bad one leaves params.yaml alone."""
    from llmlab.cli.sections import check_sections  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / PARAMS.name
        shutil.copyfile(PARAMS, copy)
        try:
            _apply(copy, folder, name)
            check_sections(copy)
        except LabError as error:
            problem, remedy = (text.replace(str(copy), str(PARAMS)) for text in (error.problem, error.remedy))
            raise LabError(f"preset {name}: {problem}", f"{remedy} ({PARAMS} was left as it is)") from error


def _apply(params: Path, folder: Path, name: str) -> list[str]:
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    from llmlab.pipeline.presets import apply_preset  # noqa: PLC0415

    try:
        return apply_preset(params, folder, name)
    except (YAMLError, UnicodeDecodeError, AttributeError, TypeError) as error:
        path = folder / f"{name}.yaml"
        raise LabError(f"{path} is no set of params: {error}", f"restore it with `git checkout {path}`") from error


def _value(params: Mapping[str, Any], key: str) -> str:
    for place in _walk(params, key):
        return repr(place)
    return _NOTHING


def _walk(params: Mapping[str, Any], key: str) -> Iterator[Any]:
    """The value at a dotted key, if there is one."""
    place: Any = params
    for part in key.split("."):
        if not isinstance(place, Mapping) or part not in place:
            return
        place = place[part]
    yield place
