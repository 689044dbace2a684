import errno
import math

import pytest
import torch
from torch.nn import functional

from llmlab.shards.batches import IGNORE, Batch, PackedSource, evaluation_batches
from llmlab.train import resume
from llmlab.train.loop import put_weights, train
from llmlab.train.losses import next_token_loss
from llmlab.train.resume import newest_state
from llmlab.train.schedule import rate
from llmlab.train.team import mean_loss

from .conftest import VOCAB, Killed, patterned, same_outcome

CPU = torch.device("cpu")
RUNS = {
    "adamw": {},
    "muon": {"optimizer": "muon"},
    "dropout": {"model": {"dropout": 0.3}},
    "muon with dropout, checkpointing and passes": {
        "optimizer": "muon", "model": {"dropout": 0.2, "gradient_checkpointing": True}, "micro_rows": 2
    },
    "early stopping": {"lr": 0.5, "patience": 3, "validate_every": 1, "schedule": "constant", "checkpoint_every": 1},
    "milestones": {"milestones": [2, 6, 12], "validate_every": 5},
    "adapter": {"lora": True, "lr": 0.02},
    "adapter by muon": {"lora": True, "optimizer": "muon"},
    "bf16": {"precision": "bf16", "mask_documents": True},
}  # fmt: skip


def by_hand(setting):
    """The run of `setting` with AdamW written out (Loshchilov & Hutter 2019, algorithm 2)."""
    model, config = setting.make(), setting.config
    names = dict(model.named_parameters())
    first, second = ({name: torch.zeros_like(p) for name, p in names.items()} for _ in range(2))
    beta1, beta2 = config.betas
    model.train()
    for step in range(config.steps):
        batch = setting.source.batch(step * config.rows, config.rows)
        logits = model(batch.ids_BT, batch.documents_BT)
        loss = functional.cross_entropy(logits.flatten(0, 1), batch.targets_BT.flatten(), ignore_index=IGNORE)
        gradients = dict(zip(names, torch.autograd.grad(loss, list(names.values())), strict=True))
        norm = math.sqrt(sum(g.double().square().sum().item() for g in gradients.values()))
        lr = config.lr * rate(step, config)
        with torch.no_grad():
            for name, p in names.items():
                g = gradients[name] * min(1.0, config.clip / (norm + 1e-6))
                first[name] = beta1 * first[name] + (1 - beta1) * g
                second[name] = beta2 * second[name] + (1 - beta2) * g * g
                decay = 0.0 if "norm" in name else config.weight_decay
                if name.startswith(("embedding", "positions", "ngrams", "head")):
                    decay = config.embedding_decay
                p.mul_(1 - lr * decay)
                unbiased = second[name] / (1 - beta2 ** (step + 1))
                p.sub_(lr * first[name] / (1 - beta1 ** (step + 1)) / (unbiased.sqrt() + 1e-8))
    return {name: p.detach() for name, p in names.items()}


@pytest.mark.parametrize(
    "change",
    [{}, {"weight_decay": 5.0}, {"embedding_decay": 5.0}, {"clip": 0.01},
     {"model": {"tie_embeddings": False, "position": "learned", "ngram_rows": 61}}, {"mask_documents": True}],
    ids=str,
)  # fmt: skip
def test_the_loop_is_adamw_written_out(settings, scratch, change):
    setting = settings(steps=5, **change)
    # Adam divides by the gradient's own size: where that is near zero, the last bit of a sum decides the sign.
    expected, found = by_hand(setting), setting.run(scratch).last
    distance = torch.cat([(found[name] - expected[name]).abs().flatten() for name in expected])
    assert distance.quantile(0.999) < 1e-5
    assert distance.max() < setting.config.lr


@pytest.mark.parametrize("name", ["adamw", "muon", "adapter"])
def test_training_lowers_the_loss(settings, scratch, name):
    setting = settings(**{**RUNS[name], "steps": 60, "validate_every": 60, "rows": 8, "checkpoint_every": 1000})
    before = mean_loss(setting.make(), setting.validation, torch.float32, CPU)
    assert before == pytest.approx(math.log(VOCAB), abs=0.15)
    # An adapter on random weights can learn little, but more than the noise of a step.
    assert setting.run(scratch).curve[-1]["val_loss"] < before - (0.1 if name == "adapter" else 0.3)


@pytest.mark.parametrize("stop", [1, 3, 4, 6, 7, 11])
@pytest.mark.parametrize("name", RUNS)
def test_a_killed_run_ends_with_the_same_bits(settings, scratch, name, stop):
    """Killed after any step and started anew with other random state: weights, curve and milestones are the same."""
    setting = settings(**RUNS[name])
    whole = setting.run(scratch.with_name("whole"))
    if stop < whole.curve[-1]["step"]:
        with pytest.raises(Killed):
            setting.run(scratch, stop=stop)
    # Before the first checkpoint a run starts over, with the seed that `prepare` sets; after it, any seed will do.
    same_outcome(setting.run(scratch, seed=1 if stop < 3 else 999), whole)


def test_a_run_killed_again_and_again(settings, scratch):
    setting = settings(**RUNS["muon with dropout, checkpointing and passes"])
    whole = setting.run(scratch.with_name("whole"))
    for stop in (4, 5, 7, 8, 11):
        with pytest.raises(Killed):
            setting.run(scratch, stop=stop)
    same_outcome(setting.run(scratch, seed=4), whole)


def test_the_seed_of_dropout_matters(settings, scratch):
    """So that the tests above would notice random state that is not restored."""
    setting = settings(**RUNS["dropout"])
    one, other = (setting.run(scratch.with_name(str(seed)), seed=seed) for seed in (1, 2))
    assert not torch.equal(one.last["norm.weight"], other.last["norm.weight"])


def test_early_stopping_ends_after_patience_and_keeps_the_best(settings, scratch):
    outcome = settings(**RUNS["early stopping"]).run(scratch)
    losses = [point["val_loss"] for point in outcome.curve]
    best = losses.index(min(losses))
    assert outcome.stopped_early
    assert len(losses) == best + 1 + 3
    assert outcome.best_step == best + 1 < outcome.curve[-1]["step"] < 12
    assert not torch.equal(outcome.best["norm.weight"], outcome.last["norm.weight"])


def test_without_patience_nothing_stops_early(settings, scratch):
    outcome = settings(**{**RUNS["early stopping"], "patience": 0}).run(scratch)
    assert not outcome.stopped_early
    assert outcome.curve[-1]["step"] == 12


def test_best_and_last_are_the_weights_of_those_steps(settings, scratch):
    setting = settings(**RUNS["early stopping"])
    outcome = setting.run(scratch)
    for part, value in (("best", min(p["val_loss"] for p in outcome.curve)), ("last", outcome.curve[-1]["val_loss"])):
        model = setting.make()
        put_weights(model, getattr(outcome, part))
        assert mean_loss(model, setting.validation, torch.float32, CPU) == pytest.approx(value, abs=1e-6)


def test_milestones_are_the_weights_of_shorter_runs(settings, scratch):
    milestones = settings(milestones=[4, 6, 99], schedule="constant").run(scratch).milestones
    assert sorted(milestones) == [4, 6]
    for step, weights in milestones.items():
        last = settings(steps=step, schedule="constant").run(scratch.with_name(str(step))).last
        assert all(torch.equal(weights[name], last[name]) for name in weights)


class Uneven:
    """Chats in a row, some with one counted target, some with thirty."""

    def __init__(self):
        generator = torch.Generator().manual_seed(2)
        documents = [torch.randint(0, VOCAB, (33,), generator=generator).numpy() for _ in range(8)]
        masks = [(torch.arange(33) >= 32 - 4 * n).numpy() for n in range(8)]
        self.packed = PackedSource(documents, masks, 32, 0, 0)
        self.rows_per_epoch = self.packed.rows_per_epoch

    def batch(self, position, rows):
        return self.packed.batch(position, rows)


def test_passes_of_any_size_are_the_same_step(settings, scratch):
    """Eight rows at once, four times two, eight times one: equal gradients although rows count unequal targets."""

    def first_step(micro):
        setting = settings(rows=8, micro_rows=micro, steps=3, warmup=0, clip=1e9, validate_every=1)
        setting.source = Uneven()
        model = setting.make()
        grads = {}

        def keep(step):
            if step == 1:
                grads.update({name: p.grad.clone() for name, p in model.named_parameters()})

        outcome = train(
            model, setting.source, setting.validation, setting.config, scratch=scratch / str(micro), after_step=keep
        )
        return grads, outcome.curve

    whole, curve = first_step(8)
    for micro in (2, 1, 4, None):
        gradients, other = first_step(micro)
        for name, gradient in whole.items():
            assert (gradients[name] - gradient).abs().max() < 1e-5, (micro, name)
        assert [p["train_loss"] for p in other] == pytest.approx([p["train_loss"] for p in curve], abs=1e-5)
        assert [p["tokens"] for p in other] == [p["tokens"] for p in curve]

    batches = [Uneven().batch(row, 1) for row in range(8)]
    model = settings().make().train()
    sum((next_token_loss(model, b) / b.counted for b in batches), start=torch.zeros(())).div(8).backward()
    naive = torch.cat([(p.grad - whole[name]).abs().flatten() for name, p in model.named_parameters()])
    assert naive.max() > 1e-3  # a mean of means is another gradient (TRL #2175)


def test_tokens_are_the_targets_counted(settings, scratch):
    setting = settings(steps=4, rows=8, validate_every=1)
    setting.source = Uneven()
    expected = [sum(Uneven().batch(8 * n, 8).counted for n in range(step + 1)) for step in range(4)]
    outcome = setting.run(scratch)
    assert [point["tokens"] for point in outcome.curve] == expected
    assert outcome.tokens == expected[-1]


def test_a_step_that_counts_nothing_is_refused(settings, scratch, refuses):
    setting = settings()

    class Silent(Uneven):
        def batch(self, position, rows):
            batch = super().batch(position, rows)
            return Batch(batch.ids_BT, torch.full_like(batch.targets_BT, IGNORE), batch.documents_BT, batch.name)

    setting.source = Silent()
    refuses(["no target", "rows 0-3"], setting.run, scratch)


def test_an_empty_validation_set_is_refused_before_the_first_step(settings, scratch, refuses):
    setting = settings()
    setting.validation = []
    refuses(["validation set"], setting.run, scratch)


def poisoned(step, kind):
    """The usual loss, which goes wrong in the rows of update `step`."""

    def loss(model, batch):
        value = next_token_loss(model, batch)
        if batch.name != f"rows {4 * step - 4}-{4 * step - 1}" or not torch.is_grad_enabled():
            return value
        if kind == "gradient":  # sqrt has an infinite slope at 0: value finite, gradient not
            return value + (next(model.parameters()) * 0).sqrt().sum()
        return value * {"nan": math.nan, "inf": math.inf}[kind]

    return loss


@pytest.mark.parametrize("kind", ["nan", "inf", "gradient"])
@pytest.mark.parametrize("step", [1, 4, 5])
def test_a_number_that_is_not_finite_stops_before_the_update(settings, scratch, refuses, kind, step):
    setting = settings(model={"dropout": 0.2})
    refuses([f"step {step}", f"rows {4 * step - 4}-{4 * step - 1}"], setting.run, scratch, loss=poisoned(step, kind))
    untouched = settings(model={"dropout": 0.2})
    with pytest.raises(Killed):
        untouched.run(scratch.with_name("untouched"), stop=step - 1 or None, loss=killing(step))
    saved = newest_state(scratch)
    assert saved is not None
    assert saved.step == step - 1
    for (name, now), before in zip(setting.runs[0].named_parameters(), untouched.runs[0].parameters(), strict=True):
        assert torch.equal(now, before), name
        assert torch.equal(saved.tensors[f"model/{name}"], before), name
    same_outcome(setting.run(scratch, seed=77), settings(model={"dropout": 0.2}).run(scratch.with_name("whole")))


def killing(step):
    def loss(model, batch):
        if batch.name == f"rows {4 * step - 4}-{4 * step - 1}" and torch.is_grad_enabled():
            raise Killed
        return next_token_loss(model, batch)

    return loss


def test_a_poisoned_weight_does_not_push_out_the_last_good_state(settings, scratch, refuses):
    setting = settings()
    model = setting.make()

    def poison(step):
        if step == 5:
            with torch.no_grad():
                model.get_parameter("blocks.0.ffn.up.weight")[0, 0] = math.nan

    torch.manual_seed(1)
    refuses(
        ["loss is nan", "step 6", "rows 20-23"], train, model, setting.source, setting.validation, setting.config,
        scratch=scratch, after_step=poison,
    )  # fmt: skip
    saved = newest_state(scratch)
    assert saved is not None
    assert saved.step == 3
    assert all(tensor.isfinite().all() for name, tensor in saved.tensors.items() if name.startswith("model/"))
    same_outcome(setting.run(scratch), setting.run(scratch.with_name("whole")))


def test_a_validation_loss_that_is_not_finite_stops_too(settings, scratch, refuses):
    def loss(model, batch):
        value = next_token_loss(model, batch)
        return value if torch.is_grad_enabled() else value * math.nan

    refuses(["validation loss is nan", "step 4"], settings().run, scratch, loss=loss)
    saved = newest_state(scratch)
    assert saved is not None
    assert saved.step == 3


def test_a_full_disk_while_saving_leaves_the_old_checkpoint_whole(settings, scratch, monkeypatch, refuses):
    setting = settings(model={"dropout": 0.1})
    real = resume.write_tensors

    def write(path, tensors):
        if path.parent.name.startswith(".step-00000006"):
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        real(path, tensors)

    monkeypatch.setattr(resume, "write_tensors", write)
    refuses(["step-00000006", "no space left", "lab clean"], setting.run, scratch)
    assert [path.name for path in scratch.iterdir()] == ["step-00000003"]
    saved = newest_state(scratch)
    assert saved is not None
    assert saved.step == 3
    monkeypatch.undo()
    same_outcome(setting.run(scratch, seed=5), setting.run(scratch.with_name("whole")))


def test_the_validation_loss_is_a_mean_over_targets_and_not_over_batches(settings):
    setting = settings()
    model, shard = setting.make(), patterned(71, 4)
    logits = model(torch.from_numpy(shard.ids[:32].astype("int64"))[None])
    values = [mean_loss(model, evaluation_batches(shard, 32, rows, False), torch.float32, CPU) for rows in (1, 2, 3)]
    assert values[1:] == pytest.approx(values[:1] * 2, abs=1e-6)
    parts = [mean_loss(model, [b], torch.float32, CPU) for b in evaluation_batches(shard, 32, 1, False)]
    assert (32 * parts[0] + 32 * parts[1] + 6 * parts[2]) / 70 == pytest.approx(values[0], abs=1e-6)
    assert logits.shape == (1, 32, VOCAB)
    assert math.isnan(mean_loss(model, [], torch.float32, CPU))


def test_the_curve_has_a_point_per_validation_and_one_at_the_end(settings, scratch):
    setting = settings(steps=10, validate_every=4)
    curve = setting.run(scratch).curve
    assert [point["step"] for point in curve] == [4, 8, 10]
    assert [point["lr"] for point in curve] == [round(3e-3 * rate(step - 1, setting.config), 10) for step in (4, 8, 10)]
    assert all(point["grad_norm"] > 0 for point in curve)


def test_a_frozen_base_stays_bit_identical_and_is_not_in_the_checkpoint(settings, scratch):
    setting = settings(lora=True)
    outcome = setting.run(scratch)
    before = setting.make()
    frozen = [name for name, p in before.named_parameters() if not p.requires_grad]
    assert len(frozen) == 2 * 7 + 2 * 4 + 2
    for name in frozen:
        assert torch.equal(setting.runs[0].get_parameter(name), before.get_parameter(name)), name
    assert all(name.endswith((".A", ".B")) for name in outcome.last)
    saved = newest_state(scratch)
    assert saved is not None
    assert not any(name.endswith("base.weight") for name in saved.tensors)


def test_weights_put_back_touch_nothing_else(settings):
    model, other = settings(seed=1).make(), settings(seed=2).make()
    put_weights(model, {"norm.weight": torch.full((32,), 7.0)})
    assert (model.get_parameter("norm.weight") == 7).all()
    put_weights(other, {name: p.detach() for name, p in model.named_parameters()})
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


@pytest.mark.slow
def test_a_compiled_model_learns_the_same(settings, scratch):
    eager, compiled = settings(steps=4, validate_every=1), settings(steps=4, validate_every=1, compile=True)
    expected = [point["val_loss"] for point in eager.run(scratch).curve]
    found = [point["val_loss"] for point in compiled.run(scratch.with_name("compiled")).curve]
    assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.gpu
def test_a_gpu_learns_the_same_and_resumes(settings, scratch):
    setting = settings(model={"dropout": 0.1})
    cpu = settings().run(scratch.with_name("cpu")).curve
    make = setting.make
    setting.make = lambda: make().to("cuda")
    whole = setting.run(scratch.with_name("whole"))
    with pytest.raises(Killed):
        setting.run(scratch, stop=7)
    resumed = setting.run(scratch, seed=999)
    assert [p["val_loss"] for p in resumed.curve] == pytest.approx([p["val_loss"] for p in whole.curve], abs=1e-4)
    assert whole.curve[-1]["val_loss"] == pytest.approx(cpu[-1]["val_loss"], abs=0.3)


def test_a_measure_of_the_same_is_the_same_run(settings, scratch):
    """The way in for rewards: with the very loss that is measured without it, not one bit is another."""
    setting = settings(model={"dropout": 0.2}, micro_rows=2)
    plain = setting.run(scratch / "plain")
    measured = setting.run(
        scratch / "measured", measure=lambda model: mean_loss(model, setting.validation, torch.float32, CPU)
    )
    same_outcome(plain, measured)


def test_a_measure_chooses_the_best_weights_and_needs_no_validation_set(settings, scratch):
    setting = settings(steps=6, validate_every=1)
    values = iter([3.0, 1.0, 2.0, 1.5, 4.0, 5.0])
    setting.validation = []
    found = setting.run(scratch, measure=lambda model: next(values))
    assert (found.best_step, [point["val_loss"] for point in found.curve]) == (2, [3.0, 1.0, 2.0, 1.5, 4.0, 5.0])


class Counting:
    """A source that must remember: each row comes from the one before it."""

    def __init__(self, source):
        self.source, self.state, self.rows_per_epoch = source, torch.zeros(1, dtype=torch.long), source.rows_per_epoch

    def batch(self, position, rows):
        self.state = self.state * 3 + 1
        return self.source.batch(position + int(self.state % 7), rows)

    def held(self):
        return {"state": self.state.clone()}

    def hold(self, tensors):
        self.state = tensors["state"]


@pytest.mark.parametrize("spike", ["off", "rewind"])
def test_what_a_source_remembers_is_in_every_checkpoint(settings, scratch, spike):
    setting = settings(spike=spike)
    plain = setting.source
    setting.source = Counting(plain)
    expected = setting.run(scratch / "whole")
    setting.source = Counting(plain)
    with pytest.raises(Killed):
        setting.run(scratch / "killed", stop=7)
    setting.source = Counting(plain)
    same_outcome(setting.run(scratch / "killed"), expected)
