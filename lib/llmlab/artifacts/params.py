"""A section of `params.yaml` to a frozen dataclass, strictly: types converted, ranges checked, typos refused.

YAML 1.1 reads `1e-4` as a string and DVC writes small numbers back as `2e-05`, a string again, so numbers are
converted here by pydantic and not trusted from the parser.
"""

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from llmlab.artifacts.errors import LabError

T = TypeVar("T")


def read_params(path: Path) -> dict[str, Any]:
    """The whole of a params file as plain values.

    Raises:
        LabError: the file is missing, is no YAML, or is not a mapping.
    """
    if not path.exists():
        raise LabError(
            f"{path} is missing", "run from the project's root, or restore it with `git checkout params.yaml`"
        )
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LabError(f"{path} is not valid YAML: {error}", "correct the line named above") from error
    if not isinstance(values, dict):
        raise LabError(f"{path} holds no sections", "restore it with `git checkout params.yaml`")
    return values


def load_section(path: Path, section: str, config: type[T]) -> T:
    """Section `section` of the params file as a `config` dataclass; `a.b` names a nested section.

    Raises:
        LabError: section missing, unknown key (the nearest known one is named), wrong type, or out of range.
    """
    values: Any = read_params(path)
    for part in section.split("."):
        if not isinstance(values, Mapping) or part not in values:
            raise LabError(f"{path} has no section `{section}`", f"add it, or compare with `git diff {path}`")
        values = values[part]
    return build(config, values, f"{path}: {section}")


def load_value(path: Path, key: str, kind: type[T]) -> T:
    """A single top-level value, such as `seed`, converted to `kind`.

    Raises:
        LabError: missing or of another type.
    """
    values = read_params(path)
    if key not in values:
        raise LabError(f"{path} has no key `{key}`", f"add it, or compare with `git diff {path}`")
    return _validate(kind, values[key], f"{path}: {key}")


def build(config: type[T], values: object, where: str) -> T:
    """A `config` dataclass from a mapping; `where` is named in errors (see `load_section`)."""
    _refuse_unknown(config, values, where)
    return _validate(config, values, where)


def to_dict(config: Any) -> dict[str, Any]:
    """A config dataclass as plain JSON values."""
    return dataclasses.asdict(config)


def _validate(kind: type[T], values: object, where: str) -> T:
    try:
        return TypeAdapter(kind).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        refused = first.get("ctx", {}).get("error")
        if isinstance(refused, LabError):  # from a dataclass's own `__post_init__`, which knows the remedy
            raise LabError(f"{where}: {refused.problem}", refused.remedy) from error
        key = ".".join(str(part) for part in first["loc"])
        place = f"{where}.{key}" if key else where
        raise LabError(f"{place}: {first['msg']} (found {first['input']!r})", f"edit `{place}` in that file") from error
    except ValueError as error:
        raise LabError(f"{where}: {error}", "edit that section") from error


def _refuse_unknown(config: Any, values: object, where: str) -> None:
    if not dataclasses.is_dataclass(config):
        return
    if not isinstance(values, Mapping):
        raise LabError(f"{where} is {values!r}, not a section of keys", "write it as `key: value` lines")
    hints = typing.get_type_hints(config, include_extras=False)
    for key, value in values.items():
        if key not in hints:
            near = difflib.get_close_matches(str(key), hints, n=1, cutoff=0.0)
            raise LabError(
                f"{where} has the unknown key `{key}`", f"did you mean `{near[0]}`? known: {', '.join(hints)}"
            )
        for inner in _dataclasses_in(hints[key]):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, Mapping):
                    _refuse_unknown(inner, item, f"{where}.{key}")


def _dataclasses_in(hint: Any) -> list[Any]:
    if dataclasses.is_dataclass(hint):
        return [hint]
    if typing.get_origin(hint) in (typing.Union, types.UnionType, list, tuple):
        return [found for part in typing.get_args(hint) for found in _dataclasses_in(part)]
    return []
