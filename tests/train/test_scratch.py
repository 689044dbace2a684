from pathlib import Path

from llmlab.train.scratch import drop_run, run_folder

SHAPES = {"seed": 1, "data": "ab", "train": {"lr": 0.1}}


def test_the_folder_is_keyed_by_everything_that_shapes_the_result(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMLAB_SCRATCH", str(tmp_path))
    first = run_folder("pretrain", SHAPES)
    assert first.parent == tmp_path / "pretrain"
    assert run_folder("pretrain", dict(reversed(SHAPES.items()))) == first
    others = [run_folder("sft", SHAPES), *(run_folder("pretrain", {**SHAPES, key: 7}) for key in SHAPES)]
    assert len({first, *others}) == 5


def test_without_the_variable_it_is_in_the_project_and_absolute(tmp_path, monkeypatch):
    monkeypatch.delenv("LLMLAB_SCRATCH")
    monkeypatch.chdir(tmp_path)
    assert run_folder("lora", SHAPES).parent == tmp_path / ".scratch" / "lora"
    monkeypatch.setenv("LLMLAB_SCRATCH", "elsewhere")
    assert run_folder("lora", SHAPES).parent == Path.cwd() / "elsewhere" / "lora"


def test_a_finished_run_is_dropped_once_or_twice(tmp_path):
    (tmp_path / "run" / "step-1").mkdir(parents=True)
    drop_run(tmp_path / "run")
    drop_run(tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
