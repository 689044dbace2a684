"""Spikes, numbers that are not finite, and memory that runs out, each planted and each answered before the update."""

import math
import os
import signal

import pytest
import torch

from llmlab.artifacts.errors import LabError
from llmlab.train.config import TrainConfig
from llmlab.train.guard import find_spike, smaller_pass
from llmlab.train.losses import next_token_loss
from llmlab.train.resume import newest_state

from .conftest import Killed, same_outcome

WATCHING = {"spike_window": 5, "steps": 14}


def config(**changes):
    return TrainConfig(steps=90, rows=4, **{"spike": "skip", "spike_window": 5, "spike_above": 4.0, **changes})


def test_a_spike_is_far_above_the_median_in_robust_deviations():
    """Median 2, absolute deviations 0 0.1 0.1 0.2 0.2 with median 0.1: 4 deviations are 4 x 0.14826."""
    recent = [2.0, 1.9, 2.1, 1.8, 2.2]
    limit = 2 + 4 * 0.14826
    assert find_spike(9, limit - 1e-9, recent, "rows 1-2", config()) is None
    assert find_spike(9, limit + 1e-9, recent, "rows 1-2", config()) == {
        "step": 9, "loss": round(limit, 6), "usual": 2.0, "batch": "rows 1-2"
    }  # fmt: skip


def test_one_earlier_spike_hardly_moves_the_limit():
    assert find_spike(9, 9.0, [2.0, 1.9, 2.1, 1.8, 50.0], "r", config()) is not None


def test_at_a_plateau_a_hundredth_of_the_loss_is_a_deviation():
    flat = [2.0] * 5
    assert find_spike(9, 2.0799, flat, "r", config()) is None
    assert find_spike(9, 2.0801, flat, "r", config()) is not None


def test_nothing_is_a_spike_before_the_window_is_full_or_when_off():
    assert find_spike(9, 99.0, [2.0] * 4, "r", config()) is None
    assert find_spike(9, 99.0, [2.0] * 5, "r", config(spike="off")) is None


def jumping(*steps, rows=4):
    """The usual loss, thirty times as large in the rows that updates `steps` take first."""
    names = {f"rows {rows * step - rows}-{rows * step - 1}" for step in steps}

    def loss(model, batch):
        value = next_token_loss(model, batch)
        return value * 30 if batch.name in names and torch.is_grad_enabled() else value

    return loss


@pytest.mark.parametrize("spike", ["skip", "rewind"])
def test_watching_changes_nothing_while_nothing_jumps(settings, scratch, spike):
    dropout = {"model": {"dropout": 0.2}, "optimizer": "muon"}
    plain = settings(**WATCHING, **dropout).run(scratch.with_name("plain"))
    watched = settings(**WATCHING, **dropout, spike=spike).run(scratch)
    assert watched.spikes == plain.spikes == []
    same_outcome(watched, plain)


def test_skip_leaves_the_update_out_and_the_step_counts(settings, scratch, capsys):
    setting = settings(**WATCHING, spike="skip", validate_every=1)
    seen = {}

    def keep(step):
        seen[step] = [p.detach().clone() for p in setting.runs[-1].parameters()]

    outcome = setting.run(scratch, loss=jumping(9), after=keep)
    assert [(spike["step"], spike["batch"]) for spike in outcome.spikes] == [(9, "rows 32-35")]
    assert outcome.spikes[0]["loss"] == pytest.approx(30 * outcome.spikes[0]["usual"], rel=0.1)
    assert all(torch.equal(a, b) for a, b in zip(seen[8], seen[9], strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(seen[9], seen[10], strict=True))
    assert outcome.curve[-1]["step"] == 14
    assert outcome.tokens == 13 * 4 * 32
    assert "step 9, in rows 32-35: that update is left out" in capsys.readouterr().out


class Shifted:
    """A source that leaves `count` rows out from row `first` on."""

    def __init__(self, source, first, count):
        self.source, self.first, self.count = source, first, count
        self.rows_per_epoch = source.rows_per_epoch

    def batch(self, position, rows):
        return self.source.batch(position + self.count * (position >= self.first), rows)


def test_rewind_is_the_run_that_never_saw_the_rows_from_the_checkpoint_to_the_spike(settings, scratch, capsys):
    """Checkpoints at 3 and 6, a jump at 8: steps 7 and on take rows 32 and on, with the weights of step 6."""
    dropout = {"model": {"dropout": 0.2}}
    plain = settings(**WATCHING, **dropout)
    plain.source = Shifted(plain.source, 24, 8)
    setting = settings(**WATCHING, **dropout, spike="rewind")
    outcome = setting.run(scratch, loss=jumping(8))
    assert [spike["step"] for spike in outcome.spikes] == [8]
    same_outcome(outcome, plain.run(scratch.with_name("plain")))
    assert "back to step 6, and on after rows 28-31" in capsys.readouterr().out


@pytest.mark.parametrize(("spike", "steps"), [("skip", (8, 11)), ("rewind", (7, 8, 10))])
def test_a_killed_or_stopped_run_answers_spikes_the_same(settings, scratch, spike, steps):
    """A state saved by SIGTERM between two scheduled ones must not become the place to rewind to."""
    setting = settings(**WATCHING, spike=spike, model={"dropout": 0.2})
    whole = setting.run(scratch.with_name("whole"), loss=jumping(*steps))
    for stop, kill in ((7, Killed), (7, signal.SIGTERM), (9, Killed), (9, signal.SIGTERM), (12, Killed)):
        here = scratch.with_name(f"{stop}-{kill}")
        calls = []

        def end(_, calls=calls, kill=kill, stop=stop):
            calls.append(0)
            if len(calls) == stop:
                if kill is Killed:
                    raise Killed
                os.kill(os.getpid(), kill)

        with pytest.raises((Killed, LabError)):
            setting.run(here, loss=jumping(*steps), after=end)
        again = setting.run(here, loss=jumping(*steps), seed=77)
        same_outcome(again, whole)
        assert again.spikes == whole.spikes


def test_a_jump_before_the_first_checkpoint_rewinds_to_the_start(settings, scratch):
    setting = settings(**WATCHING, spike="rewind", checkpoint_every=100)
    plain = settings(**WATCHING)
    plain.source = Shifted(plain.source, 0, 28)
    same_outcome(setting.run(scratch, loss=jumping(7)), plain.run(scratch.with_name("plain")))


@pytest.mark.parametrize("spike", ["skip", "rewind"])
def test_jump_after_jump_ends_the_run(settings, scratch, refuses, spike):
    setting = settings(**WATCHING, spike=spike, spike_limit=2)
    refuses(["jumped 3 times", "rows", "spike_limit"], setting.run, scratch, loss=jumping(*range(7, 40)))
    state = newest_state(scratch)
    assert state is not None


# Places of the forward pass, by module and step 5; and of the backward pass.
FORWARD = ["embedding", "blocks.0.attention.query", "blocks.0.attention", "blocks.0.ffn.up", "blocks.0.ffn.down",
           "blocks.1.attention_norm", "blocks.1", "norm", "dropout"]  # fmt: skip
BACKWARD = [
    "embedding",
    "blocks.0.attention.value",
    "blocks.0.ffn.gate",
    "blocks.1.attention.output",
    "norm",
    "dropout",
]


def spoil(result, backward, value):
    tensor = result[0] if isinstance(result, tuple) else result
    if backward:
        tensor.register_hook(lambda gradient: gradient.index_fill(1, torch.tensor([2]), value))
        return None
    spoiled = tensor.clone()
    spoiled.view(-1)[5] = value
    return (spoiled, *result[1:]) if isinstance(result, tuple) else spoiled


@pytest.mark.parametrize(
    ("place", "backward"), [*((each, False) for each in FORWARD), *((each, True) for each in BACKWARD)]
)
def test_a_number_that_is_not_finite_anywhere_stops_before_the_update(settings, scratch, refuses, place, backward):
    """Step 5, second pass of two: the message names its rows, and weights and state are those of step 4."""
    setting = settings(micro_rows=2)
    passes = []
    value = math.inf if len(place) % 2 else math.nan

    def hook(module, _, result):
        if not torch.is_grad_enabled():
            return None
        passes.append(0)
        return spoil(result, backward, value) if len(passes) == 10 else None

    make = setting.make

    def planted():
        model = make()
        model.get_submodule(place).register_forward_hook(hook)
        return model

    setting.make = planted
    error = refuses(["step 5", "rows 18-19"], setting.run, scratch)
    assert ("the gradient norm is" if backward else "the loss is") in error.problem
    saved = newest_state(scratch)
    assert saved is not None
    assert saved.step == 4
    for name, parameter in setting.runs[0].named_parameters():
        assert parameter.isfinite().all(), name
        assert torch.equal(saved.tensors[f"model/{name}"], parameter), name


def test_a_broken_gradient_is_named(settings, scratch, refuses):
    setting = settings()

    def loss(model, batch):
        # sqrt has an infinite slope at 0.
        return next_token_loss(model, batch) + (model.norm.weight * 0).sqrt().sum()

    refuses(["gradient norm", "(norm.weight)", "step 1", "rows 0-3"], setting.run, scratch, loss=loss)


def test_a_smaller_pass_is_at_most_half_and_divides_the_rows(refuses):
    assert [smaller_pass(micro, 12) for micro in (12, 6, 4, 3, 2)] == [6, 3, 2, 1, 1]
    assert smaller_pass(9, 9) == 3
    refuses(["one row", "gradient_checkpointing"], smaller_pass, 1, 8)


def hungry(most):
    """The usual loss on a device whose memory holds the activations of `most` rows."""

    def loss(model, batch):
        if torch.is_grad_enabled() and len(batch.ids_BT) > most:
            model(batch.ids_BT)  # dropout draws before memory is out
            raise torch.OutOfMemoryError("out of memory")
        return next_token_loss(model, batch)

    return loss


def test_out_of_memory_is_answered_by_smaller_passes_of_the_same_step(settings, scratch, capsys):
    """Bit for bit the run that was told to use those passes, dropout included, resumed or not."""
    dropout = {"rows": 8, "model": {"dropout": 0.2}}
    small = settings(**dropout, micro_rows=2).run(scratch.with_name("small"))
    setting = settings(**dropout)
    same_outcome(setting.run(scratch.with_name("answered"), loss=hungry(2)), small)
    out = capsys.readouterr().out
    assert "with 8 rows per pass: on with 4, the same 8 a step" in out
    assert "with 4 rows per pass: on with 2" in out
    with pytest.raises(Killed):
        setting.run(scratch, stop=7, loss=hungry(2))
    same_outcome(setting.run(scratch, loss=hungry(8), seed=9), small)  # the size that fits is remembered


def test_out_of_memory_with_one_row_says_what_would_help(settings, scratch, refuses):
    refuses(["out of memory with one row", "precision: bf16"], settings().run, scratch, loss=hungry(0))
