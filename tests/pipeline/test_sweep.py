"""A sweep over a project of two stages that take a moment: what runs, what is kept, what goes on."""

import json
from collections import Counter
from pathlib import Path

import pytest

from llmlab.pipeline.sweep import Sweep

PREPARE = """
import pathlib, sys
import yaml
params = yaml.safe_load(open("params.yaml"))
pathlib.Path("data").mkdir(exist_ok=True)
pathlib.Path("data/made").write_text(pathlib.Path("data/raw").read_text() * params["prepare"]["times"])
"""
TRAIN = """
import json, os, pathlib, sys
import yaml
section = yaml.safe_load(open("params.yaml"))["train"]
text = pathlib.Path("data/made").read_text()
mark = pathlib.Path(os.environ["LLMLAB_SCRATCH"]) / "ran"
mark.parent.mkdir(parents=True, exist_ok=True)
mark.open("a").write(f"{section['lr']}\\n")
print("step 1/1", file=sys.stderr)
if section["lr"] > 1:
    sys.exit("error: the loss is nan at step 1")
for folder in ("metrics/curves", "models"):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
pathlib.Path("models/base").write_text("weights")
json.dump({"val_loss": section["lr"] * 2 + len(text), "nested": {"a": 1}}, open("metrics/train.json", "w"))
open("metrics/curves/train.tsv", "w").write("step\\ttokens\\tval_loss\\n1\\t10\\t9.5\\n2\\t20\\t8.5\\n")
"""
SPINE = """
stages:
  prepare:
    cmd: python stages/prepare.py
    deps: [data/raw]
    params: [prepare]
    outs: [data/made]
  train:
    cmd: python stages/train.py
    deps: [data/made]
    params: [train]
    outs: [models/base]
    metrics: [metrics/train.json: {cache: false}]
    plots: [metrics/curves/train.tsv: {cache: false}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name, text in (
        ("stages/prepare.py", PREPARE),
        ("stages/train.py", TRAIN),
        ("dvc.yaml", SPINE),
        ("params.yaml", "# numbers\nseed: 1\nprepare:\n  times: 1\ntrain:\n  lr: 0.5  # a rate\n"),
        ("data/raw", "abc"),
        ("data/made", "abc"),
        ("models/base", "the project's own"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    (root / "lib").mkdir()
    return root


@pytest.fixture
def sweep(project: Path) -> Sweep:
    return Sweep(project, "train", project / "sweeps/points", project / ".scratch", lines.append)


lines: list[str] = []


def go(sweep, point):
    prepared = sweep.prepare(point)
    found = sweep.finished(prepared)
    if found is not None:
        return found
    found = sweep.run(prepared)
    prepared.drop()
    return found


def ran(project: Path) -> Counter:
    path = project / ".scratch/ran"
    return Counter(path.read_text(encoding="utf-8").split()) if path.exists() else Counter()


def test_a_point_is_what_the_stages_make_of_its_params(sweep, project):
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    lines.clear()
    found = go(sweep, {"train.lr": 0.25})
    assert found.metrics == {"val_loss": 3.5}
    assert found.curve == [{"step": 1, "tokens": 10, "val_loss": 9.5}, {"step": 2, "tokens": 20, "val_loss": 8.5}]
    assert lines == ["step 1/1"]
    assert {path: path.read_bytes() for path in before} == before
    assert not list((project / ".scratch/sweep").iterdir())


def test_only_what_a_key_reaches_runs(sweep, project):
    assert [stage.name for stage in sweep.prepare({"train.lr": 0.1}).stages] == ["train"]
    both = sweep.prepare({"prepare.times": 3})
    assert [stage.name for stage in both.stages] == ["prepare", "train"]
    assert sweep.run(both).metrics == {"val_loss": 1 + 9}
    assert (project / "data/made").read_text(encoding="utf-8") == "abc"


def test_what_is_finished_does_not_run_again_until_code_or_data_changes(sweep, project):
    first = go(sweep, {"train.lr": 0.25})
    again = go(sweep, {"train.lr": 0.25})
    assert (again.metrics, again.curve, again.key) == (first.metrics, first.curve, first.key)
    assert ran(project) == {"0.25": 1}
    go(sweep, {"train.lr": 0.5})
    assert ran(project) == {"0.25": 1, "0.5": 1}
    (project / "data/made").write_text("abcd", encoding="utf-8")
    later = Sweep(project, "train", sweep.results, sweep.scratch, lines.append)
    assert go(later, {"train.lr": 0.25}).metrics == {"val_loss": 4.5}
    assert ran(project)["0.25"] == 2


def test_a_failed_point_says_why_and_is_tried_again(sweep, project):
    assert go(sweep, {"train.lr": 2}).problem == "the loss is nan at step 1"
    assert go(sweep, {"train.lr": 2}).problem
    assert ran(project) == {"2": 2}
    assert not list((project / "sweeps").rglob("*.json"))


def test_more_figures_from_the_folder(project):
    def extra(folder: Path):
        return {"weights": (folder / "models/base").read_text(encoding="utf-8")}

    sweep = Sweep(project, "train", project / "points", project / ".scratch", lines.append, extra)
    found = go(sweep, {"train.lr": 0.25})
    assert found.metrics["weights"] == "weights"
    (kept,) = (project / "points").glob("*.json")
    assert json.loads(kept.read_text(encoding="utf-8"))["point"] == {"train.lr": 0.25}


def test_keys_that_are_none(sweep, refuses):
    refuses(["no section `trian`"], sweep.prepare, {"trian.lr": 1})
    refuses(["`train` is a whole section", "train.lr"], sweep.prepare, {"train": 1})
    refuses(["no section `train.lr`"], sweep.prepare, {"train.lr.x": 1})
    refuses(["`seed` shapes nothing"], sweep.prepare, {"seed": 2})


def test_missing_data_is_named(sweep, project, refuses):
    (project / "data/made").unlink()
    refuses(["made is missing"], sweep.prepare, {"train.lr": 1})
