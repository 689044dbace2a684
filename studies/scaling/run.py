"""The runs of one seed: `python run.py --seed 1 --split ../../data/split --out results/1.json`."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmlab.artifacts.manifest import hash_file
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import build, load_section, to_dict
from llmlab.model.config import ModelConfig
from llmlab.model.count import count_parameters, flops_per_token
from llmlab.pipeline.stage import run_stage
from llmlab.runtime.seed import derive
from llmlab.shards.batches import Batch, StreamSource
from llmlab.shards.byte_shard import byte_shard, byte_tokenizer, spread_batches
from llmlab.shards.format import Shard
from llmlab.train.config import TrainConfig
from llmlab.train.trial import Trial, once, run_trial

SCRATCH = Path(".scratch")


@dataclass(frozen=True, kw_only=True)
class GridConfig:
    """Section `grid` of the study's params.yaml."""

    shapes: list[list[int]]
    """Depth and width of each model."""
    tokens: list[int]
    """Bytes that each model is trained on, in as many runs."""
    held_out: dict[str, Any]
    """Shape and bytes of the run to foretell."""
    model: ModelConfig
    """What all models share."""
    train: TrainConfig
    """What all runs share; `steps` follows from the bytes."""
    validation_bytes: int
    """Of the validation set, evenly spread over it."""


def main(*, seed: int, split: Path, out: Path) -> None:
    """Train the models one after the other, small ones first; what is finished is not run again."""
    config = load_section(Path("params.yaml"), "grid", GridConfig)
    text, held_out = byte_shard(split / "train.parquet"), byte_shard(split / "val.parquet")
    validation = _validation(held_out, config)
    data = hash_file(split / "train.parquet")
    points = [(shape, tokens, "grid") for shape in config.shapes for tokens in config.tokens]
    points.append((config.held_out["shape"], config.held_out["tokens"], "held out"))
    rows = []
    for (depth, width), tokens, role in sorted(points, key=lambda point: point[0][0] * point[0][1] ** 2 * point[1]):
        trial = _trial(config, depth, width, tokens, seed)
        shapes = {"model": to_dict(trial.model), "train": trial.train.shaping(), "seed": seed, "data": data}
        print(f"seed {seed}: depth {depth}, width {width}, {tokens:,} bytes")
        found = once(SCRATCH, shapes, lambda scratch, trial=trial: _run(trial, text, validation, scratch))  # type: ignore[misc]
        rows.append({"role": role, "depth": depth, "width": width, "seed": seed, **found})
    write_metrics(out, {"runs": rows})


def _trial(config: GridConfig, depth: int, width: int, tokens: int, seed: int) -> Trial:
    steps = tokens // (config.train.rows * config.model.context)
    shape = build(ModelConfig, {**to_dict(config.model), "depth": depth, "width": width}, "grid.model")
    how = replace(config.train, steps=steps, validate_every=-(-steps // 2))
    return Trial(model=shape, train=how, vocab_size=byte_tokenizer().vocab_size, seed=seed)


def _run(trial: Trial, text: Shard, validation: list[Batch], scratch: Path) -> dict[str, Any]:
    source = StreamSource(text, trial.model.context, derive(trial.seed, "data order"), False)
    tried = run_trial(trial, source, validation, scratch=scratch, name="scaling")
    tokens = tried.outcome.tokens
    return {
        "parameters": count_parameters(trial.model, trial.vocab_size)["total"],
        "tokens": tokens,
        "flops": tokens * flops_per_token(trial.model, trial.vocab_size),
        "loss": tried.outcome.curve[-1]["val_loss"],
        "train_loss": tried.outcome.curve[-1]["train_loss"],
        "curve": [[point["tokens"], point["val_loss"]] for point in tried.outcome.curve],
        "seconds": round(tried.seconds, 2),
    }


def _validation(shard: Shard, config: GridConfig) -> list[Batch]:
    return spread_batches(shard, config.model.context, config.train.rows, config.validation_bytes)


if __name__ == "__main__":
    run_stage(main)
