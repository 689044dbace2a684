"""Against a stand-in that keeps what it is told: the service itself is never called."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from llmlab.train.loggers import make_loggers
from llmlab.train.scratch import run_folder
from llmlab.train.wandb_run import WandbRun

from .conftest import Killed


class Told(ModuleType):
    def __init__(self):
        super().__init__("wandb")
        self.__spec__ = ModuleSpec("wandb", None)
        self.inits, self.rows, self.metrics, self.finished = [], [], [], 0

    def init(self, **arguments):
        self.inits.append(arguments)
        return self

    def define_metric(self, name, step_metric):
        self.metrics.append((name, step_metric))

    def log(self, row):
        self.rows.append(row)

    def finish(self):
        self.finished += 1


@pytest.fixture
def wandb(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMLAB_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setenv("LLMLAB_WANDB", "mine")
    told = Told()
    monkeypatch.setitem(sys.modules, "wandb", told)
    return told


def test_a_run_and_its_continuation_are_one_run_there(settings, wandb):
    scratch = run_folder("sft", {"seed": 1})
    assert isinstance(make_loggers(scratch)[-1], WandbRun)
    setting = settings()
    with pytest.raises(Killed):
        setting.run(scratch, stop=7)
    setting.run(scratch)
    first, second = wandb.inits
    assert first == second
    assert (first["project"], first["group"], first["resume"]) == ("mine", "sft", "allow")
    assert first["id"] == f"sft-{scratch.name[:8]}"
    assert wandb.finished == 2
    assert wandb.metrics == [("*", "step")] * 2
    steps = [row["step"] for row in wandb.rows if "train/loss" in row]
    assert steps == [*range(1, 8), *range(7, 13)]
    assert {name for row in wandb.rows for name in row} == {
        "step", "train/tokens", "train/loss", "train/grad_norm", "train/lr", "validation/loss", "validation/train_loss"
    }  # fmt: skip


def test_unless_asked_for_it_is_told_nothing(settings, wandb, monkeypatch):
    monkeypatch.delenv("LLMLAB_WANDB")
    settings(steps=2, warmup=0).run(run_folder("sft", {"seed": 1}))
    assert wandb.inits == wandb.rows == []
