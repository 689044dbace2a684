"""Tables of `params.yaml`, made from the dataclasses that read it; `docs/PARAMS.md` prints them through cog.

Types, defaults and ranges come from the running classes. The text under a field is no docstring at run time, so
meanings are read from the source file.
"""

import ast
import dataclasses
import inspect
import types
import typing
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import annotated_types

from llmlab.adapt.recipe import AdapterConfig
from llmlab.artifacts.params import read_params
from llmlab.corpus.clean import CleanConfig
from llmlab.corpus.contamination import DecontaminateConfig
from llmlab.corpus.minhash import DedupeConfig
from llmlab.corpus.scrape import ScrapeConfig
from llmlab.corpus.sources.base import Source
from llmlab.corpus.split import SplitConfig
from llmlab.evals.config import EvaluateConfig
from llmlab.instruct.base import InstructConfig
from llmlab.model.config import ModelConfig
from llmlab.shards.encode import ShardConfig
from llmlab.tasks.base import TasksConfig
from llmlab.tokenizer.base import TokenizerConfig
from llmlab.train.config import TrainConfig
from llmlab.train.tuning import TuningConfig

SECTIONS: dict[str, Any] = {
    "tasks": TasksConfig,
    "scrape.<lang>": ScrapeConfig,
    "scrape.<lang>.sources": Source,
    "clean": CleanConfig,
    "dedupe": DedupeConfig,
    "decontaminate": DecontaminateConfig,
    "split": SplitConfig,
    "tokenizer": TokenizerConfig,
    "shard": ShardConfig,
    "model": ModelConfig,
    "train": TrainConfig,
    "instruct": InstructConfig,
    "sft": TuningConfig,
    "lora": AdapterConfig,
    "evaluate": EvaluateConfig,
}
_VALUES = {"seed", "languages"}
_NAMES = {int: "integer", float: "number", bool: "true or false", str: "text", types.NoneType: "null", Any: "any"}
_BOUNDS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}


class Row(NamedTuple):
    """One key of a section."""

    key: str
    type: str
    default: str
    range: str
    meaning: str


def section(name: str) -> str:
    """Markdown of one section: what its class says of itself, then a row per key, those of nested classes included."""
    config = SECTIONS[name]
    text = inspect.cleandoc(config.__doc__)
    lead = "" if text.startswith("Section `") else f"{text}\n\n"
    return lead + _table(_rows(config, ""))


def check_sections(params: Path) -> None:
    """Fail when `params.yaml` has a section that no table here describes, or lacks one that is described.

    Raises:
        ValueError: names the sections.
    """
    known = {name.partition(".")[0] for name in SECTIONS} | _VALUES
    differing = sorted(known ^ set(read_params(params)))
    if differing:
        raise ValueError(f"docs/params_table.py and {params} differ in {', '.join(differing)}")


def _rows(config: Any, prefix: str) -> Iterator[Row]:
    """A row per field of its own; one that is a section is followed by its rows, unless it has a table of its own."""
    hints = typing.get_type_hints(config, include_extras=True)
    meanings = _meanings(config)
    for field in (field for field in dataclasses.fields(config) if field.name in meanings):
        key, hint, meaning = prefix + field.name, hints[field.name], meanings[field.name]
        if dataclasses.is_dataclass(hint):
            yield Row(key, "section", _default(field), "", meaning)
            if hint not in SECTIONS.values():
                yield from _rows(hint, f"{key}.")
        else:
            yield Row(key, _type(hint), _default(field), ", ".join(_range(hint)), meaning)


def _table(rows: Iterable[Row]) -> str:
    lines = [Row._fields, ("---",) * len(Row._fields)]
    lines += [(f"`{row.key}`", *row[1:]) for row in rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _meanings(config: Any) -> dict[str, str]:
    """The string literal under each field of a class."""
    tree = ast.parse(Path(inspect.getfile(config)).read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == config.__name__)
    found = {}
    for field, below in pairwise(body):
        text = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else None
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, str):
            found[field.target.id] = " ".join(text.split())
    return found


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default is not dataclasses.MISSING:
        return _value(field.default)
    if field.default_factory is dataclasses.MISSING:
        return "required"
    value = field.default_factory()
    return "the keys' own" if dataclasses.is_dataclass(value) else _value(value)


def _value(value: Any) -> str:
    if isinstance(value, bool | types.NoneType):
        return "`null`" if value is None else f"`{str(value).lower()}`"
    if isinstance(value, dict):
        return "`{" + ", ".join(f"{key}: {item}" for key, item in value.items()) + "}`"
    if isinstance(value, list | tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return "empty" if value == "" else f"`{value}`"


def _type(hint: Any) -> str:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _type(inner[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(map(_type, inner))
    forms = {list: "list of {}", tuple: f"list of {len(inner)}: {{}}", dict: "mapping to {}"}
    if origin in forms:
        return forms[origin].format(_type(inner[1] if origin is dict else inner[0]))
    return "text" if origin is Literal else _NAMES[hint]


def _range(hint: Any) -> Iterator[str]:
    """Bounds and allowed values, those of list items and alternatives included."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        yield "one of " + ", ".join(f"`{value}`" for value in inner)
    elif origin is typing.Annotated:
        yield from _range(inner[0])
        for constraint in (item for field in hint.__metadata__ for item in field.metadata):
            yield from _constraint(constraint)
    elif origin in (typing.Union, types.UnionType, list):
        for part in inner:
            yield from _range(part)
    elif origin is tuple:
        yield from dict.fromkeys(text for part in inner for text in _range(part))


def _constraint(constraint: Any) -> Iterator[str]:
    for name, sign in _BOUNDS.items():
        if isinstance(constraint, annotated_types.BaseMetadata) and hasattr(constraint, name):
            yield f"{sign} {getattr(constraint, name):,}"
    if pattern := getattr(constraint, "pattern", None):
        yield f"matches `{pattern}`"
