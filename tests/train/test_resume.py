import json
import random
import shutil

import pytest
import torch

from llmlab.artifacts.manifest import hash_file
from llmlab.train.config import TrainConfig
from llmlab.train.groups import make_optimizers
from llmlab.train.resume import STATE_VERSION, capture, newest_state, restore, save_state

from .conftest import Killed, same_outcome

FILES = ["state.safetensors", "state.json", "state.sha256"]


@pytest.fixture(scope="module")
def stopped(settings, tmp_path_factory):
    """A run killed after step 7, with checkpoints of steps 3 and 6, and the outcome of one that was not."""
    folder = tmp_path_factory.mktemp("stopped")
    setting = settings(model={"dropout": 0.2}, milestones=[2])
    with pytest.raises(Killed):
        setting.run(folder / "run", stop=7)
    return setting, folder / "run", setting.run(folder / "whole")


def damaged(run, tmp_path, number, harm):
    copy = tmp_path / str(number)
    shutil.copytree(run, copy)
    path = copy / "step-00000006" / FILES[number % 3]
    path.write_bytes(harm(path.read_bytes()))
    return copy


def test_two_checkpoints_are_kept_and_nothing_else(stopped):
    _, run, _ = stopped
    assert sorted(path.name for path in run.iterdir()) == ["step-00000003", "step-00000006"]
    assert sorted(path.name for path in (run / "step-00000006").iterdir()) == sorted(FILES)


@pytest.mark.parametrize("kind", ["truncated", "flipped"])
def test_fifty_broken_checkpoints_are_all_detected(stopped, tmp_path, capsys, kind):
    """Each file of the newest checkpoint cut at, or with one bit flipped at, a random place: the one before is used."""
    setting, run, whole = stopped
    random_ = random.Random(3)

    def harm(raw):
        if kind == "truncated":
            return raw[: random_.randrange(len(raw))]
        place = random_.randrange(len(raw))
        return raw[:place] + bytes([raw[place] ^ 1 << random_.randrange(8)]) + raw[place + 1 :]

    for number in range(50):
        copy = damaged(run, tmp_path, number, harm)
        state = newest_state(copy)
        assert state is not None, number
        assert state.step == state.facts["step"] == 3, number
        assert "step-00000006: broken checkpoint" in capsys.readouterr().out
        if number < 3:
            same_outcome(setting.run(copy, seed=50), whole)


@pytest.mark.parametrize("name", FILES)
def test_a_checkpoint_without_one_of_its_files_is_passed_over(stopped, tmp_path, name):
    copy = tmp_path / "run"
    shutil.copytree(stopped[1], copy)
    (copy / "step-00000006" / name).unlink()
    state = newest_state(copy)
    assert state is not None
    assert state.step == 3


def test_with_every_checkpoint_broken_the_run_starts_over(stopped, tmp_path):
    setting, run, whole = stopped
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    for path in copy.glob("*/state.safetensors"):
        path.write_bytes(b"torn")
    assert newest_state(copy) is None
    same_outcome(setting.run(copy), whole)


def test_a_half_written_folder_is_not_a_checkpoint(stopped, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(stopped[1], copy)
    shutil.copytree(copy / "step-00000006", copy / ".step-00000009.writing")
    state = newest_state(copy)
    assert state is not None
    assert state.step == 6


def test_no_folder_is_no_state(tmp_path):
    assert newest_state(tmp_path / "none") is None


def model_and_optimizers(make_model, kind):
    model = make_model()
    optimizers = make_optimizers(model, TrainConfig(steps=9, rows=1, warmup=0, optimizer=kind))
    return model, optimizers


def step(model, optimizers, ids):
    for optimizer in optimizers:
        optimizer.zero_grad()
    torch.nn.functional.dropout(model(ids), 0.5).square().mean().backward()
    for optimizer in optimizers:
        optimizer.step()


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_captured_saved_read_and_restored_goes_on_with_the_same_bits(make_model, tmp_path, kind):
    ids = torch.randint(0, 97, (2, 8))
    model, optimizers = model_and_optimizers(make_model, kind)
    step(model, optimizers, ids)
    state = capture(1, model, optimizers, {"curve": [0.1, 1e-300], "best": None})
    save_state(state, tmp_path)
    for _ in range(2):
        step(model, optimizers, ids)  # must not reach into what was captured
    again, others = model_and_optimizers(make_model, kind)
    found = newest_state(tmp_path)
    assert found is not None
    assert found.facts == {"curve": [0.1, 1e-300], "best": None}
    assert found.tensors.keys() == state.tensors.keys()
    assert all(torch.equal(found.tensors[name], state.tensors[name]) for name in state.tensors)
    torch.manual_seed(99)
    restore(found, again, others)
    for _ in range(2):
        step(again, others, ids)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), model.parameters(), strict=True))


def test_another_format_version_is_passed_over(make_model, tmp_path):
    model, optimizers = model_and_optimizers(make_model, "adamw")
    for number in (1, 2):
        save_state(capture(number, model, optimizers, {}), tmp_path)
    path = tmp_path / "step-00000002" / "state.json"
    facts = json.loads(path.read_text())
    assert facts["version"] == STATE_VERSION
    path.write_text(json.dumps({**facts, "version": STATE_VERSION + 1}))
    path.with_name("state.sha256").write_text(hash_file(path))
    state = newest_state(tmp_path)
    assert state is not None
    assert state.step == 1


def test_saving_a_step_again_replaces_it(make_model, tmp_path):
    model, optimizers = model_and_optimizers(make_model, "adamw")
    for value in (1, 2):
        save_state(capture(5, model, optimizers, {"value": value}), tmp_path)
    state = newest_state(tmp_path)
    assert state is not None
    assert state.facts == {"value": 2}
    assert len(list(tmp_path.iterdir())) == 1


def test_a_pinned_checkpoint_outlives_newer_ones_and_is_found_by_its_step(make_model, tmp_path):
    model, optimizers = model_and_optimizers(make_model, "adamw")
    for number in (4, 5, 6, 7):
        save_state(capture(number, model, optimizers, {}), tmp_path, pinned=4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000004", "step-00000006", "step-00000007"]
    steps = [getattr(newest_state(tmp_path, upto), "step", None) for upto in (None, 7, 6, 5, 3)]
    assert steps == [7, 7, 6, 4, None]
    save_state(capture(8, model, optimizers, {}), tmp_path, pinned=8)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-00000007", "step-00000008"]


def test_a_state_written_without_copying_is_the_same_file(make_model, tmp_path):
    model, optimizers = model_and_optimizers(make_model, "muon")
    step(model, optimizers, torch.randint(0, 97, (2, 8)))
    for name, copy in (("copied", True), ("own", False)):
        state = capture(1, model, optimizers, {}, copy=copy)
        assert (state.tensors["model/norm.weight"].data_ptr() == model.norm.weight.data_ptr()) is not copy
        save_state(state, tmp_path / name)
    copied, own = ((tmp_path / name / "step-00000001" / FILES[0]).read_bytes() for name in ("copied", "own"))
    assert copied == own
