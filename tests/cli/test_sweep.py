"""`lab sweep` in a project whose stages take a moment, and once with the real ones."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.pipeline.presets import set_value
from tests.cli.conftest import ROOT

FINGERPRINT = """
import pathlib
pathlib.Path(".code").mkdir(exist_ok=True)
for name in ("pretrain", "shard", "train_tokenizer"):
    pathlib.Path(f".code/{name}.json").write_text("{}")
"""
PRETRAIN = """
import json, os, pathlib, sys
import yaml
params = yaml.safe_load(open("params.yaml"))
lr, seed = float(params["train"]["lr"]), params["seed"]
with open(os.environ["LLMLAB_SCRATCH"] + "/ran", "a") as file:
    file.write(f"{lr}\\n")
if lr > 1:
    sys.exit("error: the loss is nan at step 3")
pathlib.Path("metrics/curves").mkdir(parents=True, exist_ok=True)
loss = (lr - 0.1) ** 2 + seed / 100 + 4
json.dump({"val_loss": loss, "steps": 2}, open("metrics/pretrain.json", "w"))
open("metrics/curves/pretrain.tsv", "w").write(f"step\\ttokens\\tval_loss\\n1\\t10\\t5\\n2\\t20\\t{loss}\\n")
"""
Works = Callable[..., str]


@pytest.fixture
def pipeline(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project with the real pipeline file and programs that only pretend."""
    shutil.copy(ROOT / "dvc.yaml", project)
    (project / "stages").mkdir()
    (project / "stages/fingerprint.py").write_text(FINGERPRINT, encoding="utf-8")
    (project / "stages/pretrain.py").write_text(PRETRAIN, encoding="utf-8")
    (project / ".scratch").mkdir(exist_ok=True)
    monkeypatch.setenv("LLMLAB_SCRATCH", str(project / ".scratch"))
    return project


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(encoding="utf-8")))


def ran(project: Path) -> int:
    path = project / ".scratch/ran"
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def test_a_grid_gives_tables_and_a_picture_and_is_not_run_twice(works: Works, pipeline: Path) -> None:
    params = (pipeline / "params.yaml").read_bytes()
    text = works("sweep", "train.lr=0.05,0.1", "seed=1..2")
    assert "4 points, 0 of them finished earlier" in text
    assert "ETA" in text
    assert "best: train.lr=0.1, bits_per_byte" in text and "mean of 2 seeds" in text
    folder = pipeline / "sweeps/train.lr-seed"
    found = rows(folder / "results.csv")
    assert [(row["train.lr"], row["seed"], row["status"]) for row in found][:2] == [
        ("0.05", "1", "done"),
        ("0.05", "2", "done"),
    ]
    assert float(found[3]["val_loss"]) == pytest.approx(4.02)
    assert 0 < float(found[0]["bits_per_byte"]) < 8
    assert len(rows(folder / "curves.csv")) == 8
    assert (folder / "sweep.png").stat().st_size > 1000
    assert (pipeline / "params.yaml").read_bytes() == params
    assert not list((pipeline / ".scratch/sweep").iterdir())
    assert ran(pipeline) == 4
    more = works("sweep", "train.lr=0.05,0.1,0.2", "seed=1..2")
    assert "6 points, 4 of them finished earlier" in more
    assert ran(pipeline) == 6


def test_what_would_run_is_shown_without_running(works: Works, pipeline: Path) -> None:
    (pipeline / "data/split").mkdir()
    text = works("sweep", "train.lr=0.05", "tokenizer.vocab_size=900", "--dry")
    assert "train.lr=0.05 tokenizer.vocab_size=900: train_tokenizer shard pretrain" in text
    assert ran(pipeline) == 0


def test_a_failed_point_is_told_and_the_others_are_kept(fails: Works, pipeline: Path) -> None:
    said = fails("sweep", "train.lr=0.05,2")
    assert "1 of 2 points failed" in said and "train.lr=2" in said and "loss is nan" in said
    found = rows(pipeline / "sweeps/train.lr/results.csv")
    assert [row["status"] for row in found] == ["done", "the loss is nan at step 3"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train.lrr=1"], ["train.lrr=1", "lrr", "did you mean `lr`", "nothing has run"]),
        (["train.lr=1,many"], ["train.lr=many", "many"]),
        (["train.lr=-1"], ["train.lr=-1", "greater than 0"]),
        (["model.width=100"], ["model.width=100", "head_size"]),
        (["trian.lr=1"], ["no section `trian`"]),
        (["train=1"], ["whole section"]),
        (["evaluate.texts=1"], ["`evaluate.texts` shapes nothing", "--stage"]),
        (["train.lr"], ["key=values"]),
        ([], ["nothing to sweep"]),
        (["train.lr=1", "--stage", "split"], ["'split'", "pretrain"]),
        (["train.lr=1", "--lr-range"], ["takes no values"]),
    ],
)
def test_mistakes_are_told_before_anything_runs(
    fails: Works, pipeline: Path, words: list[str], said: list[str]
) -> None:
    text = fails("sweep", *words)
    assert all(each in text for each in said), text
    assert "/.scratch/" not in text
    assert ran(pipeline) == 0


def test_the_range_test_suggests_a_rate(works: Works, project: Path) -> None:
    changed = {
        "model": {"depth": 1, "width": 32, "head_size": 16, "context": 32},
        "train": {"steps": 40, "rows": 2, "warmup": 2, "milestones": [], "threads": 1, "precision": "fp32"},
    }
    for section, values in changed.items():
        for key, value in values.items():
            set_value(project / "params.yaml", f"{section}.{key}", value)
    text = works("sweep", "--lr-range", "--steps", "40", "--up-to", "3000")
    assert "suggested: lr" in text and "muon_lr" in text
    table = rows(project / "sweeps/lr-range/lr_range.csv")
    assert [float(row["lr"]) for row in table] == sorted(float(row["lr"]) for row in table)
    assert (project / "sweeps/lr-range/lr_range.png").stat().st_size > 1000


@pytest.mark.slow
def test_a_sweep_that_is_told_to_end_ends_its_stage(pipeline: Path) -> None:
    waits = """
import os, pathlib, time
pathlib.Path(os.environ["LLMLAB_SCRATCH"], "pid").write_text(str(os.getpid()))
time.sleep(100)
"""
    (pipeline / "stages/pretrain.py").write_text(waits, encoding="utf-8")
    command = [sys.executable, "-c", "from llmlab.cli.main import app; app()", "sweep", "train.lr=0.05"]
    with subprocess.Popen(command, cwd=pipeline) as sweep:
        pid = pipeline / ".scratch/pid"
        until = time.monotonic() + 100
        while not (pid.exists() and pid.read_text()) and time.monotonic() < until:
            time.sleep(0.1)
        sweep.send_signal(signal.SIGTERM)
        assert sweep.wait(50) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.slow
def test_a_point_is_what_the_stage_itself_gives(works: Works, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stages", "lib"):
        (project / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "dvc.yaml", project)
    monkeypatch.setenv("LLMLAB_SCRATCH", str(project / ".scratch"))
    changed = {
        "model": {"depth": 1, "width": 32, "head_size": 16, "context": 32},
        "train": {"steps": 6, "rows": 2, "warmup": 1, "validate_every": 3, "milestones": [3], "threads": 1},
    }
    for section, values in changed.items():
        for key, value in {**values, **({"precision": "fp32"} if section == "train" else {})}.items():
            set_value(project / "params.yaml", f"{section}.{key}", value)
    works("sweep", "train.lr=0.01,0.03")
    set_value(project / "params.yaml", "train.lr", 0.03)
    command = "stages/pretrain.py --shards data/shards --tokenizer models/tokenizer --code .code/pretrain.json"
    outs = "--out models/again --metrics metrics/again.json --curve metrics/again.tsv"
    subprocess.run([sys.executable, *command.split(), *outs.split()], cwd=project, check=True, capture_output=True)
    alone = json.loads((project / "metrics/again.json").read_text(encoding="utf-8"))
    swept = rows(project / "sweeps/train.lr/results.csv")[1]
    assert float(swept["val_loss"]) == pytest.approx(alone["val_loss"], abs=1e-5)
    curve = (project / "metrics/again.tsv").read_text(encoding="utf-8").splitlines()[1:]
    points = [row for row in rows(project / "sweeps/train.lr/curves.csv") if row["train.lr"] == "0.03"]
    assert [float(row["val_loss"]) for row in points] == pytest.approx([float(each.split("\t")[3]) for each in curve])
