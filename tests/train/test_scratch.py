import json
import shutil
from pathlib import Path

import pytest

from llmlab.artifacts.params import to_dict
from llmlab.train.config import TrainConfig
from llmlab.train.scratch import changes, drop_run, run_folder

SHAPES = {
    "seed": 1, "data": "a" * 64, "tokenizer": "b" * 64, "train": to_dict(TrainConfig(steps=30, rows=4))
}  # fmt: skip
# What may change between two starts, and how it is named.
CHANGES = {
    "seed was 1, is 2": {"seed": 2},
    "data has changed": {"data": "c" * 64},
    "tokenizer has changed": {"tokenizer": "c" * 64},
    "train.lr was 0.003, is 0.01": {"train": {**SHAPES["train"], "lr": 0.01}},
    "train.precision was fp32, is bf16": {"train": {**SHAPES["train"], "precision": "bf16"}},
    "train.milestones was [], is [5]": {"train": {**SHAPES["train"], "milestones": [5]}},
    "model.depth was None, is 3": {"model": {"depth": 3}},
}


@pytest.fixture(autouse=True)
def _root(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMLAB_SCRATCH", str(tmp_path))


def unfinished(shapes=SHAPES, step=300):
    folder = run_folder("pretrain", shapes)
    for number in (step - 100, step):
        (folder / f"step-{number:08d}").mkdir()
    return folder


def test_the_folder_is_keyed_by_everything_that_shapes_the_result(tmp_path):
    first = run_folder("pretrain", SHAPES)
    assert first.parent == tmp_path / "pretrain"
    assert run_folder("pretrain", dict(reversed(SHAPES.items()))) == first
    others = [run_folder("sft", SHAPES), *(run_folder("pretrain", {**SHAPES, key: 7}) for key in SHAPES)]
    assert len({first, *others}) == 6


def test_without_the_variable_it_is_in_the_project_and_absolute(tmp_path, monkeypatch):
    monkeypatch.delenv("LLMLAB_SCRATCH")
    monkeypatch.chdir(tmp_path)
    assert run_folder("lora", SHAPES).parent == tmp_path / ".scratch" / "lora"
    monkeypatch.setenv("LLMLAB_SCRATCH", "elsewhere")
    assert run_folder("lora", SHAPES).parent == Path.cwd() / "elsewhere" / "lora"


def test_a_finished_run_is_dropped_once_or_twice(tmp_path):
    folder = unfinished()
    drop_run(folder)
    drop_run(folder)
    assert list((tmp_path / "pretrain").iterdir()) == []


@pytest.mark.parametrize("words", CHANGES)
def test_after_a_change_the_unfinished_run_is_not_taken_up_and_the_key_is_named(capsys, words):
    old = unfinished()
    new = run_folder("pretrain", {**SHAPES, **CHANGES[words]})
    assert new != old
    assert list(new.glob("step-*")) == []
    out = capsys.readouterr().out
    assert "pretrain starts anew; its unfinished run, at step 300, is another one:" in out
    assert f"\n  {words}\n" in out
    assert out.count("\n") == 3
    assert "c" * 64 not in out


@pytest.mark.parametrize("words", CHANGES)
def test_checkpoints_moved_to_another_run_are_refused_by_key(refuses, words):
    old, changed = unfinished(), {**SHAPES, **CHANGES[words]}
    new = run_folder("pretrain", changed)
    shutil.rmtree(new)
    old.rename(new)
    refuses([words, "of another run", "lab clean --scratch"], run_folder, "pretrain", changed)


def test_the_same_run_again_says_nothing(capsys):
    folder = unfinished()
    assert run_folder("pretrain", json.loads(json.dumps(SHAPES))) == folder
    assert run_folder("pretrain", SHAPES) == folder
    assert capsys.readouterr().out == ""


def test_of_several_unfinished_runs_the_last_one_is_compared_and_empty_folders_are_not(capsys):
    unfinished({**SHAPES, "seed": 5})
    run_folder("pretrain", {**SHAPES, "seed": 6})
    capsys.readouterr()
    run_folder("pretrain", SHAPES)
    assert "seed was 5, is 1" in capsys.readouterr().out


def test_a_torn_record_names_every_key_and_breaks_nothing(capsys):
    (unfinished({**SHAPES, "seed": 5}) / "run.json").write_text("{", encoding="utf-8")
    run_folder("pretrain", SHAPES)
    assert "seed was None, is 1" in capsys.readouterr().out


def test_changes_are_found_on_both_sides():
    assert changes({"a": {"b": 1, "gone": 2}}, {"a": {"b": 1}, "new": 3}) == [
        "a.gone was 2, is None",
        "new was None, is 3",
    ]
    assert changes(SHAPES, SHAPES) == []
