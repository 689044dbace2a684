"""One variant in a process of its own, so that its peak of memory is its own: prints one line of JSON.

`python one.py --variant plain --split ../../data/split`
"""

import json
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from llmlab.artifacts.params import build, read_params
from llmlab.model.config import ModelConfig
from llmlab.model.count import count_parameters, flops_per_token
from llmlab.model.transformer import Transformer
from llmlab.runtime.device import machine_facts, peak_memory_mib
from llmlab.runtime.precision import has_bf16
from llmlab.runtime.seed import derive, torch_generator
from llmlab.shards.batches import StreamSource
from llmlab.shards.byte_shard import byte_shard, byte_tokenizer, spread_batches
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train
from llmlab.train.setup import memory_needed, pass_rows, prepare

SEED = 1
# Of a validation batch: few, and the same for all variants, so that losses compare and training has the peak.
_ROWS = 2


def configs(variant: str) -> tuple[ModelConfig, TrainConfig]:
    """The plain model and training with the fields of a variant laid over them."""
    params = read_params(Path("params.yaml"))
    plain, changed = params["plain"], params["variants"][variant]
    return (
        build(ModelConfig, {**plain["model"], **changed.get("model", {})}, f"{variant}.model"),
        build(TrainConfig, {**plain["train"], **changed.get("train", {})}, f"{variant}.train"),
    )


def main(variant: Annotated[str, typer.Option()], split: Annotated[Path, typer.Option()]) -> None:
    """Train a few steps and say what they took."""
    shape, config = configs(variant)
    text, vocab = byte_shard(split / "train.parquet"), byte_tokenizer().vocab_size
    validation = spread_batches(byte_shard(split / "val.parquet"), shape.context, _ROWS, 4096)
    device = prepare(config, shape, vocab, SEED, "efficiency")
    model = Transformer(shape, vocab, torch_generator(SEED, "init")).to(device)
    source = StreamSource(text, shape.context, derive(SEED, "data order"), False)
    before = psutil.Process().memory_info().rss / 2**20
    marks = [time.process_time()]
    with tempfile.TemporaryDirectory() as scratch:
        outcome = train(
            model,
            source,
            validation,
            config,
            scratch=Path(scratch) / "run",
            after_step=lambda _: marks.append(time.process_time()),
        )
    found: dict[str, Any] = {
        "seconds": [round(later - earlier, 4) for earlier, later in pairwise(marks)],
        "memory_mib": round(peak_memory_mib() - before, 1),
        "estimate_mib": round(memory_needed(config, shape, vocab, pass_rows(config), _width(config)) / 2**20, 1),
        "loss": outcome.curve[-1]["val_loss"],
        "parameters": count_parameters(shape, vocab)["total"],
        "flops_per_step": flops_per_token(shape, vocab) * config.rows * shape.context,
        "has_bf16": has_bf16(device),
        "processor": machine_facts()["processor"],
    }
    print(json.dumps(found))


def _width(config: TrainConfig) -> int:
    return 2 if config.precision == "bf16" else 4


if __name__ == "__main__":
    typer.run(main)
