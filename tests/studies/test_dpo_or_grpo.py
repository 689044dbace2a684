"""The study dpo-or-grpo: an empty answer earns nothing, every arm has the same budget, and answers are shown."""

import importlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from llmlab.align.fit import Aligned
from llmlab.align.problems import Problems
from llmlab.align.recipe import AlignConfig
from llmlab.align.rewards import RewardConfig
from llmlab.decode.sampling import SamplingConfig
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.tokenizer.byte import make_byte
from llmlab.train.config import TrainConfig
from llmlab.train.loop import Outcome

STUDY = Path(__file__).parents[2] / "studies" / "dpo-or-grpo"
REAL = ["^ balance", "^ self"]


@pytest.fixture(scope="module")
def study(study_on_path):
    """The study's modules by name."""
    return {name: importlib.import_module(name) for name in ("arms", "smalltalk")}


@pytest.fixture
def problems():
    words = make_byte(["smalltalk"])

    def grade(number, text, ended):
        real, written = REAL[number].split(), text.strip(" \n\t]").split()
        alike = sum(a == b for a, b in zip(real, written, strict=False)) / max(len(real), len(written), 1)
        return {"correct": alike, "compiles": float(ended)}

    return Problems(words, [words.encode(each) for each in ("a [", "b [")], [[1], [1]], grade, frozenset({0}))


def test_an_answer_that_fits_every_signature_earns_nothing(study, problems):
    empty, telling = study["smalltalk"].EMPTY, study["smalltalk"].telling(problems)
    nothing = {"correct": 0.0, "compiles": 0.0}
    assert problems.grade(0, empty, True) == {"correct": 0.5, "compiles": 1.0}
    assert telling.grade(0, empty, True) == nothing
    assert telling.grade(0, "^ rate", True) == nothing  # no closer than the empty one
    assert telling.grade(0, "^ balance", True) == {"correct": 1.0, "compiles": 1.0}
    assert telling.grade(1, empty, True) == {"correct": 1.0, "compiles": 1.0}  # where it is the method itself


def test_the_likeliest_answers_are_shown_with_how_alike_they_are(study, problems):
    shape = ModelConfig(depth=1, width=16, head_size=8, context=16, ffn="relu2")
    model = Transformer(shape, problems.tokenizer.vocab_size, torch.Generator().manual_seed(1))
    field = study["arms"].Field(problems, problems, problems, lambda each: each.ended, lambda _: 1.0, 1)
    sampling, reward = SamplingConfig(temperature=1.0, max_new=4), RewardConfig()
    assert study["arms"].likeliest_of(model, field, sampling, reward) == {}
    found = study["arms"].likeliest_of(model, replace(field, plain=problems.grade, shown=1), sampling, reward)
    assert [each["prompt"] for each in found["answers"]] == ["a ["]
    assert found["distinct"] * 2 * found["commonest"]["share"] == 1  # one text twice, or two texts once
    assert set(found["parts"]) == {"correct", "compiles"}


@pytest.mark.parametrize("method", ["imitate", "best-of", "dpo"])
def test_steps_of_every_arm_spend_the_budget_and_no_more(study, method):
    curve = [{"step": 10}]
    spent = Aligned(Outcome(curve, 10, {}, {}, {}, 0, False), [], forward=64_000, trained=64_000)
    train = TrainConfig(steps=2, rows=4, warmup=1)
    steps = study["arms"].affordable(AlignConfig(method=method, ask=100, train=train), spent, 64)
    # Rows of grpo are 8 answers to each of 10 prompts in 10 steps: 80 positions wide.
    width, drawn = (80, 64_000 + 2 * 100 * 80) if method == "dpo" else (32, 64_000 if method == "best-of" else 0)
    step = 3 * 2 * 4 * width if method == "dpo" else 3 * 4 * 64
    assert drawn + steps * step <= spent.compute < drawn + (steps + 1) * step
