"""Presets: overlays of `params.yaml`, applied without losing its comments."""

from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from llmlab.artifacts.atomic import write_text
from llmlab.artifacts.errors import LabError


def preset_names(folder: Path) -> list[str]:
    """The presets at hand, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def apply_preset(params: Path, folder: Path, name: str) -> list[str]:
    """Merge `folder/<name>.yaml` over the params file; returns the dotted keys whose values changed.

    Mappings merge key by key; anything else (lists too) is replaced. What the preset does not name stays as it is.

    Raises:
        LabError: no such preset, or it names a section the params file does not have.
    """
    path = folder / f"{name}.yaml"
    if not path.exists():
        raise LabError(f"there is no preset {name!r}", f"use one of: {', '.join(preset_names(folder))}")
    values = _read(params)
    overlay = _yaml().load(path.read_text(encoding="utf-8")) or {}
    unknown = [key for key in overlay if key not in values]
    if unknown:
        raise LabError(f"{path} sets the unknown section `{unknown[0]}`", f"compare it with {params}")
    changed = _merge(values, overlay, "")
    _write(values, params)
    return changed


def set_value(params: Path, key: str, value: Any) -> None:
    """Set one dotted key of the params file, keeping its comments.

    Raises:
        LabError: the section that holds the key does not exist.
    """
    values = _read(params)
    *sections, last = key.split(".")
    place = values
    for section in sections:
        if not isinstance(place.get(section), CommentedMap):
            raise LabError(f"{params} has no section `{section}`", "restore it with `git checkout params.yaml`")
        place = place[section]
    _put(place, last, value)
    _write(values, params)


def _merge(values: CommentedMap, overlay: dict[str, Any], where: str) -> list[str]:
    changed = []
    for key, value in overlay.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            changed += _merge(values[key], value, f"{where}{key}.")
        elif key not in values or values[key] != value:
            _put(values, key, value)
            changed.append(f"{where}{key}")
    return changed


def _put(values: CommentedMap, key: str, value: Any) -> None:
    """Set a key so that comments stay: ruamel ties the lines between two sections to what comes last before them."""
    old = values.get(key)
    if isinstance(old, CommentedSeq) and isinstance(value, list) and old and value:
        comments, last = _tail(old)
        behind = comments.get(last)
        old.ca.items.clear()
        old[:] = value
        if behind is not None:
            token = next(part for part in behind if part)
            comments, last = _tail(old)
            comments[last] = [token, None, None, None] if isinstance(last, int) else [None, None, token, None]
    elif key in values or not values:
        values[key] = value
    else:
        values.insert(len(values) - 1, key, value)


def _tail(node: CommentedMap | CommentedSeq) -> tuple[dict[Any, Any], Any]:
    """Where ruamel keeps what stands behind the last line of a list or mapping: the table of comments, and the key."""
    last = len(node) - 1 if isinstance(node, CommentedSeq) else list(node)[-1]
    inner = node[last]
    if isinstance(inner, CommentedMap | CommentedSeq) and inner and not inner.fa.flow_style():
        return _tail(inner)
    return node.ca.items, last


def _read(params: Path) -> CommentedMap:
    if not params.exists():
        raise LabError(f"{params} is missing", "run from the project's root, or `git checkout params.yaml`")
    values: CommentedMap = _yaml().load(params.read_text(encoding="utf-8"))
    return values


def _write(values: CommentedMap, params: Path) -> None:
    text = StringIO()
    _yaml().dump(values, text)
    write_text(params, text.getvalue())


def _yaml() -> YAML:
    """A parser that gives back what it read byte for byte, as long as lists are indented as in params.yaml."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
