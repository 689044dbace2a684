import json
import math

import pytest
import torch
from safetensors.torch import load_file

from llmlab.model.checkpoint import load_model
from llmlab.train.config import TrainConfig
from llmlab.train.finish import save_trained, summarize, write_curve, write_summary
from llmlab.train.loop import Outcome


def point(step, val):
    return {"step": step, "tokens": 10 * step, "train_loss": 3.0, "val_loss": val, "lr": 1e-05, "grad_norm": 0.5}


@pytest.fixture
def outcome(make_model):
    def weights(seed):
        return {name: p.detach() for name, p in make_model(seed=seed).named_parameters()}

    return Outcome([point(2, 2.0), point(4, 2.5)], 2, weights(1), weights(2), {3: weights(3)}, 40, False)


def config(keep):
    return TrainConfig(steps=4, rows=1, warmup=0, keep=keep)


@pytest.mark.parametrize(("keep", "kept", "other", "step"), [("best", 1, 2, 2), ("last", 2, 1, 4)])
def test_the_kept_weights_are_the_model_and_the_others_lie_beside(
    outcome, make_model, tmp_path, keep, kept, other, step
):
    out = tmp_path / "base"
    save_trained(make_model(seed=7), outcome, config(keep), out, "ab" * 32, {"data": "d"})
    loaded = load_model(out, "pretrain", "ab" * 32)
    for name, tensor in make_model(seed=kept).state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    beside = load_file(out / f"{'last' if keep == 'best' else 'best'}.safetensors")
    milestone = load_file(out / "milestones" / "step-000003.safetensors")
    for found, seed in ((beside, other), (milestone, 3)):
        assert torch.equal(found["embedding.weight"], make_model(seed=seed).embedding.weight)
    facts = json.loads((out / "training.json").read_text())
    assert (facts["kept_step"], facts["data"], facts["steps"]) == (step, "d", 4)
    card = (out / "README.md").read_text()
    assert f"those of step {step} ({keep})" in card
    assert "2.0000 nats" in card if keep == "best" else "2.5000 nats" in card
    assert [path.name for path in tmp_path.iterdir()] == ["base"]


def test_a_failed_save_leaves_the_old_model_whole(outcome, make_model, tmp_path):
    out = tmp_path / "base"
    save_trained(make_model(), outcome, config("best"), out, "ab" * 32, {})
    before = (out / "model.safetensors").read_bytes()
    with pytest.raises(TypeError):
        save_trained(make_model(), outcome, config("last"), out, "ab" * 32, {"not json": object()})
    assert (out / "model.safetensors").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["base"]


def test_the_summary_is_of_the_kept_weights(outcome):
    best, last = summarize(outcome, config("best")), summarize(outcome, config("last"))
    assert (best["val_loss"], best["last_val_loss"], best["best_step"]) == (2.0, 2.5, 2)
    assert (last["val_loss"], last["last_val_loss"], last["best_step"]) == (2.5, 2.5, 2)
    assert (best["steps"], best["tokens"], best["stopped_early"]) == (4, 40, False)


def test_the_curve_is_a_table_of_tabs(outcome, tmp_path):
    write_curve(outcome, tmp_path / "curve.tsv")
    lines = (tmp_path / "curve.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["step", "tokens", "train_loss", "val_loss", "lr", "grad_norm"]
    assert [[float(cell) for cell in line.split("\t")] for line in lines[1:]] == [
        [2, 20, 3.0, 2.0, 1e-5, 0.5],
        [4, 40, 3.0, 2.5, 1e-5, 0.5],
    ]


def test_the_metrics_file_takes_more_and_survives_nan(outcome, tmp_path):
    outcome.curve[-1]["train_loss"] = math.nan
    write_summary(outcome, config("best"), tmp_path / "m.json", parameters=7)
    found = json.loads((tmp_path / "m.json").read_text())
    assert (found["parameters"], found["val_loss"]) == (7, 2.0)
    assert (found["train_loss"], found["train_loss_status"]) == (None, "not a number")


def test_spikes_are_counted_only_when_there_were_any(outcome):
    assert "spikes" not in summarize(outcome, config("best"))
    outcome.spikes = [{"step": 3, "loss": 9.5, "usual": 2.5, "batch": "rows 8-11"}] * 2
    assert summarize(outcome, config("best"))["spikes"] == 2
