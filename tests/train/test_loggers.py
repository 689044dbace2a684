import pytest

from llmlab.artifacts.errors import LabError
from llmlab.train.events import EventFile
from llmlab.train.loggers import Tables, log_folder, make_loggers
from llmlab.train.scratch import drop_run, run_folder

from .conftest import Killed
from .test_guard import WATCHING, jumping


@pytest.fixture(autouse=True)
def _project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMLAB_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.delenv("LLMLAB_WANDB", raising=False)


def numbers(path):
    head, *rows = [line.split("\t") for line in path.read_text().splitlines()]
    return [dict(zip(head, map(float, row), strict=True)) for row in rows]


def test_a_run_that_no_stage_began_logs_nothing(settings, tmp_path):
    assert make_loggers(tmp_path / "scratch" / "pretrain" / "0123456789") == []
    settings(steps=2, warmup=0).run(tmp_path / "anywhere")
    assert not (tmp_path / ".runs").exists()


def test_a_stages_run_logs_every_step_and_every_validation(settings):
    scratch = run_folder("pretrain", {"seed": 1})
    outcome = settings().run(scratch)
    folder = log_folder(scratch)
    assert folder.parts[:3] == (".runs", "logs", "pretrain")
    steps, validations = numbers(folder / "train.tsv"), numbers(folder / "validation.tsv")
    assert [row["step"] for row in steps] == list(range(1, 13))
    assert [row["tokens"] for row in steps] == [4 * 32 * step for step in range(1, 13)]
    assert all(row["grad_norm"] > 0 and row["loss"] > 0 for row in steps)
    assert [(row["step"], row["loss"]) for row in validations] == [(p["step"], p["val_loss"]) for p in outcome.curve]
    by_step = {row["step"]: row for row in steps}
    for point in outcome.curve:
        assert by_step[point["step"]]["grad_norm"] == pytest.approx(point["grad_norm"], abs=1e-6)
        assert by_step[point["step"]]["lr"] == point["lr"]
        since = [by_step[step]["loss"] for step in range(point["step"] - 3, point["step"] + 1)]
        assert sum(since) / 4 == pytest.approx(point["train_loss"], abs=1e-6)
    assert len(list(folder.glob("events.out.tfevents.*"))) == 1
    drop_run(scratch)
    assert (folder / "train.tsv").exists()  # curves outlive the checkpoints


@pytest.mark.parametrize("cut", [0, 1, 5])
def test_a_killed_run_ends_with_the_same_tables(settings, tmp_path, cut):
    setting = settings(model={"dropout": 0.2})
    tables = {}
    for key, stop in (("whole", None), ("killed", 8)):
        scratch = run_folder(key, {})
        if stop:
            with pytest.raises(Killed):
                setting.run(scratch, stop=stop)
            for path in log_folder(scratch).glob("*.tsv"):
                path.write_bytes(path.read_bytes()[: -cut or None])
        setting.run(scratch)
        tables[key] = {path.name: path.read_bytes() for path in log_folder(scratch).glob("*.tsv")}
    assert tables["killed"] == tables["whole"]
    assert sorted(tables["whole"]) == ["train.tsv", "validation.tsv"]


def test_a_run_that_starts_again_from_step_0_begins_new_tables(settings):
    setting = settings(checkpoint_every=100)
    scratch = run_folder("pretrain", {})
    with pytest.raises(Killed):
        setting.run(scratch, stop=7)
    setting.run(scratch)
    assert [row["step"] for row in numbers(log_folder(scratch) / "train.tsv")] == list(range(1, 13))
    assert len(list(log_folder(scratch).glob("events.out.tfevents.*"))) == 1


def test_rewinding_takes_the_rows_back(settings):
    scratch = run_folder("pretrain", {})
    settings(**WATCHING, spike="rewind").run(scratch, loss=jumping(8))
    assert [row["step"] for row in numbers(log_folder(scratch) / "train.tsv")] == list(range(1, 15))


def test_a_skipped_spike_is_in_the_log(settings):
    scratch = run_folder("pretrain", {})
    settings(**WATCHING, spike="skip").run(scratch, loss=jumping(8))
    losses = [row["loss"] for row in numbers(log_folder(scratch) / "train.tsv")]
    assert losses.index(max(losses)) == 7


@pytest.mark.parametrize("torn", ["", "st", "step\tloss"])
def test_a_table_torn_before_its_first_row_begins_anew(tmp_path, torn):
    (tmp_path / "train.tsv").write_text(torn)
    tables = Tables(tmp_path)
    tables.start(5)
    tables.log("train", 6, {"loss": 2.5})
    tables.close()
    assert (tmp_path / "train.tsv").read_text() == "step\tloss\n6\t2.5\n"


def test_weights_and_biases_only_when_asked_for_and_then_it_must_be_there(monkeypatch):
    scratch = run_folder("pretrain", {})
    assert [type(each) for each in make_loggers(scratch)] == [Tables, EventFile]
    monkeypatch.setenv("LLMLAB_WANDB", "")
    assert len(make_loggers(scratch)) == 2
    monkeypatch.setenv("LLMLAB_WANDB", "mine")
    monkeypatch.setattr("llmlab.train.wandb_run.find_spec", lambda _: None)
    with pytest.raises(LabError, match="pip install wandb"):
        make_loggers(scratch)
