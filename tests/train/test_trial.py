import pytest
import torch

from llmlab.model.transformer import Transformer
from llmlab.runtime.seed import torch_generator
from llmlab.shards.batches import StreamSource, evaluation_batches
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train
from llmlab.train.trial import Trial, once, run_trial
from tests.train.conftest import VOCAB, patterned, same_outcome


@pytest.fixture
def parts(tiny):
    shape = tiny()
    config = TrainConfig(steps=4, rows=4, warmup=1, validate_every=2, keep="last", threads=1)
    source = StreamSource(patterned(900, 1), shape.context, 5, False)
    validation = evaluation_batches(patterned(100, 2), shape.context, 2, False)
    return Trial(model=shape, train=config, vocab_size=VOCAB, seed=7), source, validation


def test_a_trial_is_the_loop_itself(parts, tmp_path):
    trial, source, validation = parts
    tried = run_trial(trial, source, validation, scratch=tmp_path / "a")
    model = Transformer(trial.model, VOCAB, torch_generator(7, "init"))
    outcome = train(model, source, validation, trial.train, scratch=tmp_path / "b")
    same_outcome(tried.outcome, outcome)
    kept = dict(tried.model.named_parameters())
    assert all(torch.equal(kept[name], weights) for name, weights in outcome.last.items())
    assert not (tmp_path / "a").exists()
    assert tried.seconds > 0


def test_a_change_from_outside_comes_before_training(parts, tmp_path):
    trial, source, validation = parts

    def freeze(model):
        model.embedding.weight.requires_grad_(False)

    before = Transformer(trial.model, VOCAB, torch_generator(7, "init")).embedding.weight
    frozen = run_trial(trial, source, validation, scratch=tmp_path / "a", change=freeze).model
    assert torch.equal(frozen.embedding.weight, before)


def test_what_was_computed_is_not_computed_again(tmp_path):
    asked = []

    def compute(value, scratch):
        asked.append((value, scratch))
        return {"value": value}

    assert once(tmp_path, {"a": 1, "b": 2}, lambda scratch: compute(3, scratch)) == {"value": 3}
    assert once(tmp_path, {"b": 2, "a": 1}, lambda scratch: compute(4, scratch)) == {"value": 3}
    assert once(tmp_path, {"a": 2, "b": 2}, lambda scratch: compute(5, scratch)) == {"value": 5}
    assert [value for value, _ in asked] == [3, 5]
    assert asked[0][1] != asked[1][1]
