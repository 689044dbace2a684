import dataclasses

import numpy as np
import pytest
import torch

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.fit import Later, fit
from llmlab.adapt.lora import add_lora, lora_tensors, parts_of
from llmlab.shards.batches import StreamSource, evaluation_batches
from llmlab.shards.format import Shard
from llmlab.train.config import TrainConfig
from llmlab.train.finish import summarize
from llmlab.train.loop import train
from llmlab.train.scratch import drop_run

CONFIG = TrainConfig(
    steps=10, rows=4, lr=0.01, warmup=1, schedule="linear", validate_every=2, checkpoint_every=2, milestones=[6],
    threads=1,
)  # fmt: skip


class Killed(BaseException):
    """What ends a run from outside."""


def shard(tokens):
    ids = ((np.arange(tokens) * 7) % 97).astype(np.uint16)
    return Shard(ids, np.zeros(1, np.int64), np.ones(1, np.int64), ["english"], ["prose"], [""])


@pytest.fixture
def source():
    return StreamSource(shard(3000), 32, 1, mask_documents=False)


@pytest.fixture
def validation():
    return evaluation_batches(shard(200), 32, 4, mask_documents=False)


@pytest.fixture
def run(make_model, source, validation, scratch):
    def go(adapter, config=CONFIG, **more):
        model = make_model()
        add_lora(model, adapter, torch.Generator().manual_seed(2))
        torch.manual_seed(3)
        outcome, shape = fit(model, adapter, source, validation, config, scratch=scratch, name="lora", **more)
        return model, outcome, shape

    return go


def test_without_mean_rank_it_is_the_loop_itself(run, make_model, source, validation, tmp_path):
    adapter = LoraConfig(rank=4, dropout=0.2)
    _, outcome, shape = run(adapter)
    model = make_model()
    add_lora(model, adapter, torch.Generator().manual_seed(2))
    torch.manual_seed(3)
    expected = train(model, source, validation, CONFIG, scratch=tmp_path / "other" / "run")
    assert shape is adapter
    assert outcome.curve == expected.curve
    assert outcome.best.keys() == expected.best.keys()
    assert all(torch.equal(tensor, outcome.best[name]) for name, tensor in expected.best.items())


def test_with_mean_rank_both_parts_are_one_run(run):
    model, outcome, shape = run(LoraConfig(rank=4, mean_rank=2, probe=0.4))
    assert [point["step"] for point in outcome.curve] == [2, 4, 6, 8, 10]
    assert [point["tokens"] for point in outcome.curve] == [step * 4 * 32 for step in (2, 4, 6, 8, 10)]
    assert outcome.tokens == 10 * 4 * 32
    assert set(outcome.milestones) == {6}
    assert outcome.curve[-1]["val_loss"] < outcome.curve[0]["val_loss"]
    assert sum(shape.ranks.values()) == 2 * 14
    assert {layer: part.rank for layer, part in parts_of(model).items()} == shape.ranks
    shapes = {name.removesuffix(".parts.default.A"): len(t) for name, t in outcome.last.items() if name.endswith(".A")}
    assert shapes == shape.ranks
    assert summarize(outcome, CONFIG)["val_loss"] == min(point["val_loss"] for point in outcome.curve[2:])


@pytest.mark.parametrize("stop", [3, 7])
def test_killed_before_or_after_the_move_it_ends_with_the_same_bits(run, source, scratch, stop):
    adapter = LoraConfig(rank=4, mean_rank=2, probe=0.4, dropout=0.1)
    expected, _, shape = run(adapter)
    whole = lora_tensors(expected)
    drop_run(scratch)
    asked = source.batch

    def kill(position, rows):
        if position == stop * 4:
            raise Killed
        return asked(position, rows)

    source.batch = kill
    with pytest.raises(Killed):
        run(adapter)
    source.batch = asked
    model, _, again = run(adapter)
    assert again == shape
    assert all(torch.equal(tensor, whole[name]) for name, tensor in lora_tensors(model).items())


def test_too_little_room_for_the_warmup_is_refused(run, refuses):
    config = dataclasses.replace(CONFIG, warmup=3)
    refuses(["warmup 3", "3 steps before or 7 after", "probe"], run, LoraConfig(rank=4, mean_rank=2, probe=0.3), config)


def test_a_later_source_goes_on_where_the_first_ended(source):
    later = Later(source, 8)
    assert torch.equal(later.batch(4, 3).ids_BT, source.batch(12, 3).ids_BT)
    assert later.rows_per_epoch == source.rows_per_epoch
