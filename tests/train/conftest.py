"""A run in miniature: two layers, a few hundred tokens with a pattern in them, a dozen steps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import add_lora
from llmlab.model.transformer import Transformer
from llmlab.shards.batches import BatchSource, StreamSource, evaluation_batches
from llmlab.shards.format import Shard
from llmlab.train.config import TrainConfig
from llmlab.train.loop import Outcome, train

VOCAB = 97


class Killed(BaseException):
    """What ends a run from outside."""


def patterned(tokens: int, seed: int) -> Shard:
    """Ids that mostly follow the one before by a fixed step, in documents of 50; made of integers alone."""
    random = np.random.Generator(np.random.PCG64(seed))
    ids = np.zeros(tokens, dtype=np.uint16)
    for place in range(1, tokens):
        ids[place] = random.integers(VOCAB) if random.integers(5) == 0 else (ids[place - 1] + 7) % VOCAB
    starts = np.arange(0, tokens, 50)
    count = len(starts)
    return Shard(
        ids, starts, np.full(count, 100), ["english"] * count, ["prose"] * count, [str(n) for n in range(count)]
    )


@dataclass
class Setting:
    """Builds the same run again and again, as a restarted process would."""

    make: Callable[[], nn.Module]
    config: TrainConfig
    source: BatchSource
    validation: list[Any]
    runs: list[nn.Module] = field(default_factory=list)

    def run(self, scratch: Any, *, stop: int | None = None, seed: int = 1, after: Any = None, **more: Any) -> Outcome:
        """Train from fresh weights.

        `stop` kills the run after that many updates; `seed` is of torch's generator; `after` is called after each.
        """
        model = self.make()
        self.runs.append(model)
        torch.manual_seed(seed)

        def after_step(step: int) -> None:
            if after is not None:
                after(step)
            if step == stop:
                raise Killed

        return train(model, self.source, self.validation, self.config, scratch=scratch, after_step=after_step, **more)


def same_outcome(one: Outcome, other: Outcome) -> None:
    """Bit for bit, but for the clock."""
    assert one.curve == other.curve
    assert (one.best_step, one.tokens, one.stopped_early) == (other.best_step, other.tokens, other.stopped_early)
    for part in ("best", "last"):
        a, b = getattr(one, part), getattr(other, part)
        assert a.keys() == b.keys()
        assert all(torch.equal(a[name], b[name]) for name in a), part
    assert one.milestones.keys() == other.milestones.keys()
    for step, weights in one.milestones.items():
        assert all(torch.equal(tensor, other.milestones[step][name]) for name, tensor in weights.items())


@pytest.fixture(scope="session")
def settings(tiny):
    """A `Setting`; keywords of the model go in `model`, `lora=True` trains an adapter on a frozen base."""

    def make(*, model=None, lora=False, seed=3, **training):
        shape = tiny(**(model or {}))
        steps = {"steps": 12, "rows": 4, "warmup": 2, "lr": 3e-3, "validate_every": 4, "checkpoint_every": 3}
        config = TrainConfig(**{**steps, "threads": 1, **training})

        def build():
            plain = Transformer(shape, VOCAB, torch.Generator().manual_seed(seed))
            if lora:
                add_lora(plain, LoraConfig(rank=4, dropout=0.2), torch.Generator().manual_seed(seed))
            return plain

        source = StreamSource(patterned(900, 1), shape.context, 5, config.mask_documents)
        return Setting(
            build, config, source, evaluation_batches(patterned(200, 2), shape.context, 2, config.mask_documents)
        )

    return make
