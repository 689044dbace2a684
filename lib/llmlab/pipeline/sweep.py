"""A sweep: for each point of a grid, the stages that it reaches run in a folder of their own, on the project's data.

A point's folder has its own params.yaml, links to all that the changed keys do not reach, and room for the rest; the
programs, paths and numbers are those of dvc.yaml, so that a point ends with what `dvc repro` would end with. DVC's own
queue would do the same in copies of the project, but needs a commit, says nothing while it runs, and takes eight
seconds a run beside the run itself (docs/LOG.md).
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import hash_file, hash_folder, hash_json, read_json
from llmlab.artifacts.params import read_params
from llmlab.pipeline.graph import Stage, overlaps, reached, read_stages, stage_called
from llmlab.pipeline.grid import Point
from llmlab.pipeline.presets import set_value

_PARAMS, _PIPELINE = "params.yaml", "dvc.yaml"
# Beside what stages depend on: their programs, the library, downloads.
_ALWAYS = ("stages", "lib", ".cache")
_SAID = "error: "


@dataclass(frozen=True)
class Result:
    """What became of a point: figures of the target stage and its curve, or what went wrong."""

    point: Point
    key: str
    seconds: float
    metrics: dict[str, Any] = field(default_factory=dict)
    curve: list[dict[str, float]] = field(default_factory=list)
    problem: str = ""


@dataclass(frozen=True)
class Sweep:
    """Where a sweep works.

    Args:
        project: the project's root.
        target: the stage whose figures count.
        results: folder of the finished points, by key.
        scratch: where points have their folders while they run, and runs their checkpoints.
        say: takes each line that a stage writes to stderr.
        extra: more figures of a finished point, from its folder.
    """

    project: Path
    target: str
    results: Path
    scratch: Path
    say: Callable[[str], None]
    extra: Callable[[Path], dict[str, Any]] = lambda _: {}
    hashes: dict[str, str] = field(default_factory=dict)
    """Of inputs, once for all points."""

    def prepare(self, point: Point) -> "Prepared":
        """Lay the point's folder out and find what has to run.

        Raises:
            LabError: an unknown stage or section, or a key that shapes nothing of the target.
        """
        _refuse_unknown(point, read_params(self.project / _PARAMS))
        folder = self.scratch / "sweep" / hash_json([self.target, point])[:16]
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copyfile(self.project / _PARAMS, folder / _PARAMS)
        for key, value in point.items():
            set_value(folder / _PARAMS, key, value)
        params = read_params(folder / _PARAMS)
        stages = read_stages(self.project / _PIPELINE, params)
        chosen = reached(stages, point, stage_called(stages, self.target))
        inputs = _inputs(chosen)
        _link(self.project, folder, stages, chosen, inputs)
        numbers = {key: _at(params, key) for stage in chosen for key in stage.params}
        # Two keys for the same numbers would run the same thing twice.
        key = hash_json([self.target, numbers, {path: self._hash(path) for path in inputs}])[:16]
        return Prepared(point, key, folder, tuple(chosen))

    def _hash(self, name: str) -> str:
        path = self.project / name
        if not path.exists():
            raise LabError(f"{name} is missing", "run `dvc repro`, which makes what the sweep starts from")
        if name not in self.hashes:
            self.hashes[name] = hash_folder(path) if path.is_dir() else hash_file(path)
        return self.hashes[name]

    def finished(self, prepared: "Prepared") -> Result | None:
        """The result of the same numbers on the same data by the same code, if there is one."""
        path = self.results / f"{prepared.key}.json"
        if not path.exists():
            return None
        found = read_json(path, "sweep")
        return Result(prepared.point, prepared.key, found["seconds"], found["metrics"], found["curve"])

    def run(self, prepared: "Prepared") -> Result:
        """Run the point's stages; a result is written down, a failure is said and run again the next time."""
        started = time.perf_counter()
        for stage in prepared.stages:
            problem = self._run(stage, prepared.folder)
            if problem:
                return Result(prepared.point, prepared.key, time.perf_counter() - started, problem=problem)
        metrics = {**_metrics(prepared), **self.extra(prepared.folder)}
        seconds = round(time.perf_counter() - started, 1)
        found = Result(prepared.point, prepared.key, seconds, metrics, _curve(prepared))
        facts = {"metrics": found.metrics, "curve": found.curve, "seconds": seconds, "point": prepared.point}
        write_json(self.results / f"{prepared.key}.json", facts)
        return found

    def _run(self, stage: Stage, folder: Path) -> str:
        """What went wrong, in one line; empty when all went well."""
        library = os.pathsep.join(filter(None, [str(self.project / "lib"), os.environ.get("PYTHONPATH")]))
        own = {**os.environ, "LLMLAB_SCRATCH": str(self.scratch), "PYTHONPATH": library}
        command = [sys.executable, *stage.command[1:]]
        last = ""
        with (
            _told_to_end(),
            subprocess.Popen(
                command,
                cwd=folder,
                env=own,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            ) as process,
        ):
            assert process.stderr is not None
            try:
                for line in process.stderr:
                    last = line.strip() if line.startswith(_SAID) or not last.startswith(_SAID) else last
                    self.say(line.rstrip())
            except BaseException:
                process.terminate()  # it saves, and the point goes on from there
                process.wait()
                raise
        if process.returncode == 0:
            return ""
        return last.removeprefix(_SAID) or f"stage {stage.name} ended with exit code {process.returncode}"


@dataclass(frozen=True)
class Prepared:
    """A point whose folder is laid out: what it is, under which key, and the stages to run."""

    point: Point
    key: str
    folder: Path
    stages: tuple[Stage, ...]

    def drop(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _refuse_unknown(point: Point, params: Mapping[str, Any]) -> None:
    for key in point:
        first, *_ = key.split(".")
        above = key.rpartition(".")[0]
        if first not in params:
            raise LabError(f"{_PARAMS} has no section `{first}`", f"sweep a key of: {', '.join(params)}")
        if above and not isinstance(_at(params, above), Mapping):
            raise LabError(
                f"{_PARAMS} has no section `{above}` to hold `{key}`", "add that section, or name another key"
            )
        found = _at(params, key)
        if isinstance(found, Mapping):
            raise LabError(f"`{key}` is a whole section", f"name a key in it, such as `{key}.{next(iter(found))}`")


def _inputs(chosen: list[Stage]) -> list[str]:
    """What the stages depend on and none of them writes whole."""
    outs = [out for stage in chosen for out in stage.outs]
    deps = {dep for stage in chosen for dep in stage.deps}
    return sorted(dep for dep in deps if dep not in outs)


def _link(project: Path, folder: Path, stages: list[Stage], chosen: list[Stage], inputs: list[str]) -> None:
    """Links to all that is there already and stays as it is: what no stage to run writes, or writes a part of."""
    written = [out for stage in chosen for out in stage.outs]
    kept = [out for stage in stages if stage not in chosen for out in stage.outs]
    wanted = {*_ALWAYS, *kept, *(path for path in inputs if not any(overlaps(path, out) for out in written))}
    for path in sorted(wanted):
        place = folder / path
        inside = [folder / above for above in Path(path).parents]
        if (project / path).exists() and not any(above.is_symlink() for above in inside if above != folder):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to((project / path).resolve())


def _at(params: Mapping[str, Any], key: str) -> Any:
    place: Any = params
    for part in key.split("."):
        place = place.get(part) if isinstance(place, Mapping) else None
    return place


def _metrics(prepared: Prepared) -> dict[str, Any]:
    target = prepared.stages[-1]
    path = next((out for out in target.outs if out.endswith(".json") and (prepared.folder / out).is_file()), None)
    found = read_json(prepared.folder / path, target.name) if path else {}
    return {name: value for name, value in found.items() if isinstance(value, int | float | str)}


def _curve(prepared: Prepared) -> list[dict[str, float]]:
    path = next((prepared.folder / out for out in prepared.stages[-1].outs if out.endswith(".tsv")), None)
    if path is None or not path.is_file():
        return []
    head, *rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [dict(zip(head, map(float, row), strict=True)) for row in rows]


@contextmanager
def _told_to_end() -> Iterator[None]:
    """SIGTERM ends a sweep as Ctrl-C does: or the stage under way would go on alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
