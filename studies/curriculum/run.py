"""All orders with one seed: `python run.py --seed 1 --split ../../data/split --out results/1.json`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from orders import GrowingRows, OrderedSource, document_lengths, paced, row_starts, surprise
from pydantic import Field

from llmlab.artifacts.manifest import hash_file
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section, to_dict
from llmlab.model.config import ModelConfig
from llmlab.pipeline.stage import run_stage
from llmlab.runtime.seed import numpy_generator
from llmlab.shards.batches import Batch, BatchSource
from llmlab.shards.byte_shard import byte_shard, byte_tokenizer, spread_batches
from llmlab.shards.format import Shard
from llmlab.train.config import TrainConfig
from llmlab.train.trial import Trial, once, run_trial

SCRATCH = Path(".scratch")


@dataclass(frozen=True, kw_only=True)
class ArmsConfig:
    """Section `arms` of the study's params.yaml."""

    orders: list[str]
    """Which orders compete; the first is what the others are compared with."""
    start: Annotated[float, Field(gt=0, le=1)]
    """Share of the rows that the first steps are drawn from."""
    full_at: Annotated[float, Field(gt=0, le=1)]
    """Share of the run after which all rows may come."""
    lengths: list[int]
    """Of rows that are cut short at first, in the order of the run."""
    model: ModelConfig
    """The model of every arm."""
    train: TrainConfig
    """How every arm is trained."""
    validation_bytes: int
    """Of the validation set, evenly spread over it."""


def main(*, seed: int, split: Path, out: Path) -> None:
    """Train one model for each order, on the same rows from the same weights."""
    config = load_section(Path("params.yaml"), "arms", ArmsConfig)
    text, held_out = byte_shard(split / "train.parquet"), byte_shard(split / "val.parquet")
    data, validation = hash_file(split / "train.parquet"), _validation(held_out, config)
    report: dict[str, Any] = {}
    for order in config.orders:
        shapes = {"arms": {**to_dict(config), "orders": None}, "order": order, "seed": seed, "data": data}
        report[order] = once(
            SCRATCH,
            shapes,
            lambda scratch, order=order: _run(order, config, text, validation, seed, scratch),  # type: ignore[misc]
        )
    write_metrics(out, report)


def source_of(order: str, config: ArmsConfig, text: Shard, seed: int) -> BatchSource:
    """The rows of a seed, which are the same for every order, in one of them."""
    rows, context = config.train.steps * config.train.rows, config.model.context
    starts = row_starts(text, context, rows, numpy_generator(seed, "curriculum rows"))
    if order == "shuffled":
        return OrderedSource(text, starts, context)
    if order == "rows-short-first":
        return GrowingRows(OrderedSource(text, starts, context), config.lengths, rows)
    if order == "documents-short-first":
        difficulty = document_lengths(text, starts, context)
    else:
        difficulty = surprise(text, starts, context) * (-1 if order == "hard-first" else 1)
    chosen = paced(difficulty, config.start, config.full_at, numpy_generator(seed, "curriculum draws"))
    return OrderedSource(text, starts[chosen], context)


def _run(
    order: str, config: ArmsConfig, text: Shard, validation: list[Batch], seed: int, scratch: Path
) -> dict[str, Any]:
    trial = Trial(model=config.model, train=config.train, vocab_size=byte_tokenizer().vocab_size, seed=seed)
    source = source_of(order, config, text, seed)
    tried = run_trial(trial, source, validation, scratch=scratch, name=f"{order} {seed}")
    bits = 1 / np.log(2)
    return {
        "bits_per_byte": round(tried.outcome.curve[-1]["val_loss"] * bits, 5),
        "curve": [[point["step"], round(point["val_loss"] * bits, 5)] for point in tried.outcome.curve],
        "tokens": tried.outcome.tokens,
        "seconds": round(tried.seconds, 2),
    }


def _validation(shard: Shard, config: ArmsConfig) -> list[Batch]:
    return spread_batches(shard, config.model.context, config.train.rows, config.validation_bytes)


if __name__ == "__main__":
    run_stage(main)
