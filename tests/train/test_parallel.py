"""One run in several processes, by gloo: the same losses, the same rows, checkpoints for any number of processes."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from llmlab.artifacts.errors import LabError
from llmlab.runtime.distributed import rank, world
from llmlab.shards.batches import PackedSource
from llmlab.shards.chat import all_batches
from llmlab.train.losses import next_token_loss
from llmlab.train.parallel import share_out
from tests.together import together

from .conftest import VOCAB, Killed

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="a process that has used CUDA cannot fork")
UNTIED = {"tie_embeddings": False, "depth": 4}
KINDS = {
    "ddp": {"parallel": "ddp"},
    "ddp, passes, masks": {"parallel": "ddp", "micro_rows": 1, "mask_documents": True, "optimizer": "muon"},
    "zero": {"parallel": "zero"},
    "zero, muon": {"parallel": "zero", "optimizer": "muon", "micro_rows": 2},
    "fsdp": {"parallel": "fsdp"},
    "fsdp, muon": {"parallel": "fsdp", "optimizer": "muon", "micro_rows": 2, "mask_documents": True},
    "fsdp, checkpointing": {
        "parallel": "fsdp", "model": {"gradient_checkpointing": True, "smear": 2, "ngram_rows": 61, "depth": 3}
    },
    "pipeline": {"parallel": "pipeline", "model": UNTIED, "micro_rows": 2},
    "pipeline, masks": {
        "parallel": "pipeline", "optimizer": "muon", "mask_documents": True, "micro_rows": 4,
        "model": {**UNTIED, "position": "learned", "ngram_rows": 61},
    },
}  # fmt: skip
STEPS = {"steps": 20, "rows": 8, "validate_every": 1, "milestones": [5], "checkpoint_every": 4}


def curve_of(setting, scratch, **more):
    outcome = setting.run(scratch, **more)
    return {
        "curve": outcome.curve, "tokens": outcome.tokens, "best_step": outcome.best_step,
        "weights": {name: tensor.double().sum().item() for name, tensor in outcome.last.items()},
        "milestones": sorted(outcome.milestones), "best": len(outcome.best),
    }  # fmt: skip


def same(found, expected):
    """Losses to 1e-5; the first process has all weights."""
    assert found["tokens"] == expected["tokens"]
    assert [point["step"] for point in found["curve"]] == [point["step"] for point in expected["curve"]]
    for name in ("train_loss", "val_loss"):
        losses = [[point[name] for point in each["curve"]] for each in (found, expected)]
        assert np.abs(np.subtract(*losses)).max() < 1e-5, name
    assert found["weights"].keys() == expected["weights"].keys()
    assert found["weights"] == pytest.approx(expected["weights"], abs=5e-3)
    assert (found["milestones"], found["best"]) == (expected["milestones"], expected["best"])


def test_two_processes_have_the_losses_of_one(settings, tmp_path):
    setting = settings(**{**STEPS, **KINDS["ddp, passes, masks"]})
    expected = curve_of(setting, tmp_path / "one")
    first, second = together(2, lambda: curve_of(setting, tmp_path / "two"), tmp_path / "group")
    same(first, expected)
    assert second["curve"] == first["curve"]
    assert not second["weights"]
    assert not any((tmp_path / "two" / "parts").glob("*.safetensors"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "count"),
    [*((kind, 2) for kind in KINDS), ("zero, muon", 4), ("fsdp, muon", 4), ("pipeline", 4)],
)
def test_twenty_steps_have_the_losses_of_one_process(settings, tmp_path, kind, count):
    setting = settings(**{**STEPS, **KINDS[kind]})
    expected = curve_of(setting, tmp_path / "one")
    assert expected["curve"][-1]["val_loss"] < expected["curve"][0]["val_loss"] - 0.01
    found = together(count, lambda: curve_of(setting, tmp_path / "many"), tmp_path / "group")
    same(found[0], expected)
    assert all(other["curve"] == found[0]["curve"] for other in found[1:])


@pytest.mark.slow
def test_in_bf16_fsdp_sends_bf16_and_is_near_one_process(settings, tmp_path):
    setting = settings(**{**STEPS, "steps": 6, "parallel": "fsdp", "precision": "bf16"})
    expected = curve_of(setting, tmp_path / "one")
    found = together(2, lambda: curve_of(setting, tmp_path / "many"), tmp_path / "group")[0]
    losses = [[point["val_loss"] for point in each["curve"]] for each in (found, expected)]
    assert losses[0] == pytest.approx(losses[1], abs=5e-3)
    assert losses[0] != losses[1]


@pytest.mark.slow
def test_the_loss_is_of_all_counted_targets_however_they_fall(settings, tmp_path):
    """Chats of which the loss counts from one to thirty ids a row: a mean of the processes' means would be another."""
    random = np.random.Generator(np.random.PCG64(1))
    documents = [random.integers(0, VOCAB, 33) for _ in range(40)]
    masks = [np.arange(33) >= int(random.integers(2, 32)) for _ in documents]
    source = PackedSource(documents, masks, 32, 5, 0)
    setting = settings(**{**STEPS, "parallel": "ddp", "lr": 0.01})
    setting = dataclasses.replace(setting, source=source, validation=all_batches(source, 3))
    expected = curve_of(setting, tmp_path / "one")
    for count, kind in ((4, "ddp"), (2, "fsdp")):
        chosen = dataclasses.replace(setting, config=dataclasses.replace(setting.config, parallel=kind))
        scratch = tmp_path / kind
        same(together(count, lambda it=chosen, at=scratch: curve_of(it, at), tmp_path / "group")[0], expected)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ddp, passes, masks", "zero, muon", "fsdp, muon", "pipeline"])
def test_a_checkpoint_loads_in_another_number_of_processes(settings, tmp_path, kind):
    """Killed after step 6 of two processes, on with four until step 13, and to the end with one: two saves."""
    setting = settings(**{**STEPS, **KINDS[kind]})
    expected = curve_of(setting, tmp_path / "whole")

    def killed(stop):
        with pytest.raises(Killed):
            setting.run(tmp_path / "run", stop=stop)

    together(2, lambda: killed(6), tmp_path / "group")
    assert len(list((tmp_path / "run" / "step-00000004").glob("*.safetensors"))) == 2
    together(4, lambda: killed(13), tmp_path / "group")
    assert len(list((tmp_path / "run" / "step-00000012").glob("*.safetensors"))) == 4
    same(curve_of(setting, tmp_path / "run"), expected)


def test_going_on_in_the_same_number_of_processes_is_exact(settings, tmp_path):
    setting = settings(model={"dropout": 0.2}, steps=8, parallel="fsdp")
    whole = together(2, lambda: curve_of(setting, tmp_path / "whole", seed=rank()), tmp_path / "group")

    def killed():
        with pytest.raises(Killed):
            setting.run(tmp_path / "run", stop=5, seed=rank())

    together(2, killed, tmp_path / "group")
    assert together(2, lambda: curve_of(setting, tmp_path / "run", seed=99), tmp_path / "group") == whole


def test_a_part_that_is_cut_is_found(settings, tmp_path):
    setting = settings(steps=8, parallel="fsdp")

    def killed():
        with pytest.raises(Killed):
            setting.run(tmp_path / "run", stop=7)

    together(2, killed, tmp_path / "group")
    part = tmp_path / "run" / "step-00000006" / "state-1.safetensors"
    part.write_bytes(part.read_bytes()[:-1])

    def first_step():
        steps = []

        def note(step):
            steps.append(step)

        setting.run(tmp_path / "run", after=note)
        return steps[0]

    assert together(2, first_step, tmp_path / "group") == [4, 4]


def test_what_cannot_be_shared_is_refused_by_all(settings, tmp_path, refuses):
    def refused(words, **training):
        refuses(words, settings(**training).run, tmp_path / "run")

    def all_of_them():
        refused(["2 processes", "`train.parallel`"])
        refused(["5 rows", "2 processes"], parallel="ddp", rows=5)
        refused(["6 rows", "passes of 2"], parallel="zero", rows=6, micro_rows=2)
        refused(["tie_embeddings"], parallel="pipeline")

    together(2, all_of_them, tmp_path / "group")


def test_a_broken_loss_ends_all_of_them_and_the_one_that_met_it_names_the_rows(settings, tmp_path):
    """Rows of the second process alone are poisoned, by a loss that finds its rows in a batch's name."""
    setting = settings(steps=8, parallel="fsdp")

    def poisoned(model, batch):
        return next_token_loss(model, batch) * (math.nan if batch.name == "rows 14-15" else 1.0)

    def problem():
        with pytest.raises(LabError) as caught:
            setting.run(tmp_path / "run", loss=poisoned)
        return caught.value.problem

    first, second = together(2, problem, tmp_path / "group")
    assert "the loss is nan at step 4, in rows of another process" in first
    assert "the loss is nan at step 4, in rows 14-15" in second
    assert [path.name for path in (tmp_path / "run").glob("step-*")] == ["step-00000003"]


def test_shares_are_even_and_everything_has_an_owner():
    sizes = {f"p{number}": number * number for number in range(1, 30)}

    def loads():
        owner = share_out(sizes)
        assert owner.keys() == sizes.keys()
        return [sum(sizes[name] for name, who in owner.items() if who == number) for number in range(world())]

    assert loads() == [sum(sizes.values())]
