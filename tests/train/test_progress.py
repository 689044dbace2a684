import math

import pytest
import torch

from llmlab.train.progress import Progress, progress_from
from llmlab.train.resume import TrainingState, capture, computed_by, newest_state, refuse_other_computing, save_state

POINT = {"step": 5, "tokens": 500, "train_loss": 2.5, "val_loss": 2.25, "lr": 0.1, "grad_norm": 1.5}
SPIKE = {"step": 3, "loss": 9.5, "usual": 2.5, "batch": "rows 8-11"}
FULL = Progress(
    2, 5, 500, 8, [POINT], 2.25, 5, 1, [3.5, 7.0], [2.5, 2.4], [SPIKE],
    {"best": {"a.b": torch.ones(2)}, "milestone/2": {"a.b": torch.zeros(2), "c": torch.ones(1)}},
)  # fmt: skip


@pytest.mark.parametrize("progress", [FULL, Progress(4)], ids=["full", "fresh"])
def test_facts_and_tensors_give_the_progress_back_through_a_checkpoint(progress, make_model, tmp_path):
    state = capture(progress.step, make_model(), [], progress.facts())
    state.tensors.update(progress.tensors())
    save_state(state, tmp_path)
    found = newest_state(tmp_path)
    assert found is not None
    again = progress_from(found)
    assert again.facts() == progress.facts()
    assert again.best_loss == progress.best_loss
    assert again.snapshots.keys() == progress.snapshots.keys()
    for label, weights in progress.snapshots.items():
        assert all(torch.equal(again.snapshots[label][name], tensor) for name, tensor in weights.items())


def test_no_best_yet_is_null_in_the_file():
    assert Progress(4).best_loss == math.inf
    assert Progress(4).facts()["best_loss"] is None


@pytest.mark.parametrize(
    ("key", "before", "now"), [("precision", "bfloat16", "float32"), ("device", "cuda", "cpu"), ("threads", "2", "1")]
)
def test_a_state_computed_otherwise_is_refused_by_key(refuses, key, before, now):
    computed = {"precision": "float32", "device": "cpu", "threads": "1"}
    state = TrainingState(40, {}, {"computed": {**computed, key: before}})
    refuses([f"{key} {before}", f"with {now}", "step 40", f"`{key}`"], refuse_other_computing, state, computed)
    refuse_other_computing(TrainingState(40, {}, {"computed": computed}), computed)


def test_what_a_run_computes_with():
    assert computed_by(torch.bfloat16, torch.device("cpu")) == {
        "precision": "bfloat16", "device": "cpu", "threads": str(torch.get_num_threads())
    }  # fmt: skip
