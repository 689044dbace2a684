"""Tokens and seconds to the bits per byte of the spine's first recipe, on the corpus at hand.

    dvc repro shard
    python bench/time_to_bits.py --seeds 1

Trains `recipes/plain.yaml` and the recipe of params.yaml, one after the other for each seed, on the same shards with
the same validation set, and looks where the second first validates at the best loss of the first or below. Loss is
over all languages together, in bits per byte of text.
"""

import json
import math
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Annotated, Any

import torch
import typer

from llmlab.artifacts.params import load_section
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.pipeline.presets import apply_preset
from llmlab.runtime.device import machine_facts
from llmlab.runtime.seed import torch_generator
from llmlab.shards.batches import evaluation_batches
from llmlab.shards.format import Shard, read_shard
from llmlab.tokenizer.base import Tokenizer, tokenizer_hash
from llmlab.tokenizer.special import PAD
from llmlab.tokenizer.table import load_tokenizer
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train
from llmlab.train.setup import make_source, prepare

ROOT = Path(__file__).resolve().parent.parent
EVERY = 50  # steps between validations


@dataclass(frozen=True)
class Corpus:
    """What both train on, and bytes of text per token of the validation set."""

    words: Tokenizer
    training: Shard
    held_out: Shard
    bytes_per_token: float


def load() -> Corpus:
    """The shards and tokenizer of the working tree."""
    words = load_tokenizer(ROOT / "models/tokenizer")
    training, held_out = (read_shard(ROOT / "data/shards" / name, tokenizer_hash(words)) for name in ("train", "val"))
    size = len(words.decode(held_out.ids.tolist()).encode())
    return Corpus(words, training, held_out, size / len(held_out.ids))


def curve(params: Path, corpus: Corpus, seed: int, threads: int) -> list[dict[str, float]]:
    """Tokens, seconds and bits per byte at each validation."""
    shape, config = load_section(params, "model", ModelConfig), load_section(params, "train", TrainConfig)
    config = replace(config, threads=threads, validate_every=EVERY, milestones=[], checkpoint_every=config.steps)
    prepare(config, shape, corpus.words.vocab_size, seed, "pretrain")
    model = Transformer(shape, corpus.words.vocab_size, torch_generator(seed, "init"))
    source = make_source(corpus.training, config, shape, seed, corpus.words.special[PAD])
    validation = evaluation_batches(corpus.held_out, shape.context, 32, mask_documents=False)
    seconds = {}
    started = time.perf_counter()

    def note(step: int) -> None:
        seconds[step] = time.perf_counter() - started

    with tempfile.TemporaryDirectory() as scratch:
        outcome = train(model, source, validation, config, scratch=Path(scratch) / "run", name="bits", after_step=note)
    return [
        {
            "tokens": point["tokens"],
            "seconds": seconds[point["step"]],
            "bits": point["val_loss"] / math.log(2) / corpus.bytes_per_token,
        }
        for point in outcome.curve
    ]


def one_seed(files: dict[str, Path], corpus: Corpus, seed: int, threads: int) -> dict[str, Any]:
    """Both curves, and how much sooner the second gets to the best of the first."""
    curves = {name: curve(path, corpus, seed, threads) for name, path in files.items()}
    goal = min(curves["plain"], key=lambda point: point["bits"])
    there = next((point for point in curves["params"] if point["bits"] <= goal["bits"]), None)
    ratios = {key: goal[key] / there[key] if there else None for key in ("tokens", "seconds")}
    best = min(point["bits"] for point in curves["params"])
    return {"seed": seed, "goal": goal, "there": there, "best": best, "ratio": ratios, "curves": curves}


def main(
    seeds: Annotated[int, typer.Option(help="runs of each")] = 3,
    threads: Annotated[int, typer.Option(help="CPU threads")] = 2,
    json_file: Annotated[Path | None, typer.Option("--json", help="write all figures here")] = None,
) -> None:
    torch.set_num_threads(threads)
    corpus = load()
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.yaml" for name in ("plain", "params")}
        for path in files.values():
            path.write_bytes((ROOT / "params.yaml").read_bytes())
        apply_preset(files["plain"], ROOT / "recipes", "plain")
        runs = [one_seed(files, corpus, seed, threads) for seed in range(1, seeds + 1)]
    for run in runs:
        goal, there = run["goal"], run["there"]
        reached = f"{goal['bits']:.4f} bits per byte, {goal['tokens']:,} tokens, {goal['seconds']:.0f} s"
        print(f"seed {run['seed']}: plain {reached}")
        if there:
            print(
                f"        there after {there['tokens']:,} tokens, {there['seconds']:.0f} s; ends at {run['best']:.4f}"
            )
    reached = [run["ratio"] for run in runs if run["there"]]
    figures = {key: mean(ratio[key] for ratio in reached) if reached else None for key in ("tokens", "seconds")}
    print(
        f"in {len(reached)} of {seeds} runs there; ratio of tokens {figures['tokens']}, of seconds {figures['seconds']}"
    )
    if json_file is not None:
        found = {"figures": figures, "runs": runs, "seeds": seeds, "threads": threads, "machine": machine_facts()}
        json_file.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    typer.run(main)
