"""The stages of dvc.yaml as a graph: what each reads and writes, and which of them a changed key reaches."""

import difflib
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from llmlab.artifacts.errors import LabError

_FILLED = re.compile(r"\$\{([\w.-]+)\}")


@dataclass(frozen=True)
class Stage:
    """One stage, of a matrix one item: its command, what it depends on, the keys it reads, all that it writes."""

    name: str
    command: tuple[str, ...]
    deps: tuple[str, ...]
    params: tuple[str, ...]
    outs: tuple[str, ...]

    def reads(self, key: str) -> bool:
        """Whether the stage reads the dotted `key` of the params file, or a section around it, or keys below it."""
        return any(key == each or lies_in(key, each, ".") or lies_in(each, key, ".") for each in self.params)

    def follows(self, other: "Stage") -> bool:
        """Whether the stage depends on something that the other one writes."""
        return any(overlaps(dep, out) for dep in self.deps for out in other.outs)


def lies_in(inner: str, outer: str, sign: str = "/") -> bool:
    """Whether one path (or dotted key) is below another one."""
    return inner.startswith(outer + sign)


def overlaps(one: str, other: str) -> bool:
    """Whether two paths are the same, or one is below the other."""
    return one == other or lies_in(one, other) or lies_in(other, one)


def read_stages(path: Path, params: Mapping[str, Any]) -> list[Stage]:
    """The stages of a pipeline file, every one after those that it depends on.

    Raises:
        LabError: the file is missing or is no pipeline, or names a list that the params do not have.
    """
    if not path.exists():
        raise LabError(f"{path} is missing", "run from the project's root, or restore it with `git checkout dvc.yaml`")
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict) or not isinstance(values.get("stages"), dict):
        raise LabError(f"{path} has no stages", f"restore it with `git checkout {path}`")
    stages = [stage for name, each in values["stages"].items() for stage in _items(name, each, params)]
    return _sorted(stages)


def stage_called(stages: Iterable[Stage], name: str) -> Stage:
    """The stage of that name.

    Raises:
        LabError: there is none; the nearest name is offered.
    """
    found = {stage.name: stage for stage in stages}
    if name not in found:
        near = difflib.get_close_matches(name, found, n=1, cutoff=0.0)
        raise LabError(f"there is no stage `{name}`", f"did you mean `{near[0]}`? there are: {', '.join(found)}")
    return found[name]


def before(stages: list[Stage], target: Stage) -> list[Stage]:
    """Everything that the target depends on, and itself, in order."""
    wanted = {target.name}
    for stage in reversed(stages):
        if any(other.name in wanted and other.follows(stage) for other in stages):
            wanted.add(stage.name)
    return [stage for stage in stages if stage.name in wanted]


def reached(stages: list[Stage], keys: Iterable[str], target: Stage) -> list[Stage]:
    """The stages that have to run anew for the target when these keys change, in order; the target is the last one.

    A key that the target itself reads moves nothing before it: a sweep over `seed` trains with other seeds on the same
    data, where `dvc repro` would also draw the data anew.

    Raises:
        LabError: a key shapes nothing that the target is made from.
    """
    way = before(stages, target)
    touched: set[str] = set()
    for key in keys:
        readers = [target] if target.reads(key) else [stage for stage in way if stage.reads(key)]
        if not readers:
            sections = sorted({each for stage in way for each in stage.params})
            raise LabError(
                f"`{key}` shapes nothing that stage {target.name} is made from",
                f"name another stage with `--stage`, or sweep a key of: {', '.join(sections)}",
            )
        touched |= {stage.name for stage in readers}
    for stage in way:
        if any(other.name in touched and stage.follows(other) for other in way):
            touched.add(stage.name)
    return [stage for stage in way if stage.name in touched]


def _items(name: str, stage: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[Stage]:
    matrix = stage.get("matrix")
    if not matrix:
        yield _stage(name, stage, params)
        return
    ((variable, values),) = matrix.items()
    if isinstance(values, str):
        values = _value(values, params)
    for item in values:
        yield _stage(f"{name}@{item}", stage, {**params, "item": {variable: item}})


def _stage(name: str, stage: Mapping[str, Any], params: Mapping[str, Any]) -> Stage:
    def entries(*keys: str) -> tuple[str, ...]:
        """Names under the keys of a stage, those with options too."""
        listed = [entry for key in keys for entry in stage.get(key, [])]
        return tuple(
            _fill(str(entry), params) for each in listed for entry in (each if isinstance(each, dict) else [each])
        )

    command = tuple(shlex.split(_fill(stage["cmd"], params)))
    return Stage(name, command, entries("deps"), entries("params"), entries("outs", "metrics", "plots"))


def _fill(text: str, params: Mapping[str, Any]) -> str:
    return _FILLED.sub(lambda match: str(_value(match[0], params)), text)


def _value(reference: str, params: Mapping[str, Any]) -> Any:
    """What `${a.b}` stands for."""
    place: Any = params
    for part in reference.removeprefix("${").removesuffix("}").split("."):
        if not isinstance(place, Mapping) or part not in place:
            raise LabError(f"dvc.yaml names {reference}, which the params do not have", "compare with `git diff`")
        place = place[part]
    return place


def _sorted(stages: list[Stage]) -> list[Stage]:
    """Each stage after those that it follows; the file's order otherwise."""
    ordered: list[Stage] = []
    waiting = list(stages)
    while waiting:
        ready = [stage for stage in waiting if not any(stage.follows(other) for other in waiting if other != stage)]
        if not ready:
            names = ", ".join(stage.name for stage in waiting)
            raise LabError(f"the stages {names} depend on each other in a circle", "look at `dvc dag`")
        ordered.append(ready[0])
        waiting.remove(ready[0])
    return ordered
