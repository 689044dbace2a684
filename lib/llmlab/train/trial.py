"""One short run through the loop, for sweeps and studies: a fresh model, a curve, and no second time for the same."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.manifest import hash_json, read_json
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.runtime.seed import torch_generator
from llmlab.shards.batches import Batch, BatchSource
from llmlab.train.config import TrainConfig
from llmlab.train.loop import Outcome, put_weights, train
from llmlab.train.losses import Loss, next_token_loss
from llmlab.train.scratch import drop_run
from llmlab.train.setup import prepare


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What to train: the model's shape, how, on V ids, from which seed."""

    model: ModelConfig
    train: TrainConfig
    vocab_size: int
    seed: int


@dataclass(frozen=True)
class Tried:
    """The trained model, with the weights that `train.keep` names, its curve, and seconds of processor time."""

    model: Transformer
    outcome: Outcome
    seconds: float


def run_trial(
    trial: Trial,
    source: BatchSource,
    validation: list[Batch],
    *,
    scratch: Path,
    name: str = "trial",
    loss: Loss = next_token_loss,
    change: Callable[[Transformer], None] = lambda _: None,
) -> Tried:
    """Train a fresh model; `change` alters it from outside first. A run that was killed goes on from its checkpoint.

    Raises:
        LabError: as `prepare` and `train`.
    """
    device = prepare(trial.train, trial.model, trial.vocab_size, trial.seed, name)
    model = Transformer(trial.model, trial.vocab_size, torch_generator(trial.seed, "init")).to(device)
    change(model)
    started = time.process_time()
    outcome = train(model, source, validation, trial.train, scratch=scratch, name=name, loss=loss)
    seconds = time.process_time() - started
    put_weights(model, getattr(outcome, trial.train.keep))
    drop_run(scratch)
    return Tried(model.eval(), outcome, seconds)


def once(folder: Path, shapes: Mapping[str, Any], compute: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """What `compute` gives, or gave earlier for the same shapes: a study that is stopped runs nothing twice.

    `compute` takes the scratch folder of these very shapes, so that no checkpoint of another run is gone on from.
    """
    key = hash_json(shapes)[:16]
    path = folder / f"{key}.json"
    if not path.exists():
        write_json(path, compute(folder / key))
    found: dict[str, Any] = read_json(path, "trial")
    return found
