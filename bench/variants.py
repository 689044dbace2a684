"""Trains variants of model and training side by side on the shards at hand, and prints what each reached.

    dvc repro shard
    python bench/variants.py bench/variants/default.jsonl --device cuda --jobs 14

A line of the file is one variant: `{"name": …, "seed": 1, "model": {…}, "train": {…}}`, laid over params.yaml. Each is
a process of its own; on a GPU they share it (NVIDIA's MPS helps). Prints best validation loss in nats per token, last
training loss, and bits per byte of validation and test set by language; nothing is written. Choose by the validation
columns.
"""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from llmlab.artifacts.params import build, read_params
from llmlab.evals.bits_per_byte import score_model
from llmlab.model.config import ModelConfig
from llmlab.model.count import count_parameters
from llmlab.model.transformer import Transformer
from llmlab.runtime.seed import torch_generator
from llmlab.shards.batches import evaluation_batches
from llmlab.shards.format import read_shard
from llmlab.tokenizer.base import tokenizer_hash
from llmlab.tokenizer.special import PAD
from llmlab.tokenizer.table import load_tokenizer
from llmlab.train.config import TrainConfig
from llmlab.train.loop import put_weights, train
from llmlab.train.setup import make_source, prepare

ROOT = Path(__file__).resolve().parent.parent


def run(variant: dict[str, Any], device: str) -> dict[str, Any]:
    """Train one variant in this process and measure it."""
    params = read_params(ROOT / "params.yaml")
    shape = build(ModelConfig, {**params["model"], **variant.get("model", {})}, f"{variant['name']}: model")
    config = build(TrainConfig, {**params["train"], **variant.get("train", {})}, f"{variant['name']}: train")
    seed = variant.get("seed", params["seed"])
    config = replace(config, device=device, threads=1)
    words = load_tokenizer(ROOT / "models/tokenizer")
    sets = {name: read_shard(ROOT / "data/shards" / name, tokenizer_hash(words)) for name in ("train", "val", "test")}
    place = prepare(config, shape, words.vocab_size, seed, "pretrain")
    model = Transformer(shape, words.vocab_size, torch_generator(seed, "init")).to(place)
    source = make_source(sets["train"], config, shape, seed, words.special[PAD])
    validation = evaluation_batches(sets["val"], shape.context, 32, mask_documents=False)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        outcome = train(model, source, validation, config, scratch=Path(scratch) / "run", name=variant["name"])
    result = {
        "name": variant["name"],
        "seed": seed,
        "parameters": count_parameters(shape, words.vocab_size)["total"],
        "seconds": round(time.perf_counter() - started),
        "best_step": outcome.best_step,
        "val_loss": min(point["val_loss"] for point in outcome.curve),
        "train_loss": outcome.curve[-1]["train_loss"],
    }
    put_weights(model, outcome.best)
    model.eval()
    for name in ("val", "test"):
        scored = score_model(model, sets[name])
        for lang in sorted(set(scored.languages)):
            result[f"{name}_{lang}"] = round(scored.of(lang).bits_per_byte(), 4)
    return result


def main(
    file: Annotated[Path, typer.Argument(help="variants, one JSON object a line")],
    device: Annotated[str, typer.Option(help="cpu, cuda or mps")] = "cpu",
    jobs: Annotated[int, typer.Option(help="variants at a time")] = 1,
) -> None:
    waiting = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    running: list[subprocess.Popen[str]] = []
    total = len(waiting)
    with tempfile.TemporaryFile("w+") as log:
        while waiting or running:
            while waiting and len(running) < jobs:
                command = [sys.executable, __file__, "--one", device, waiting.pop(0)]
                running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True))
            for process in [each for each in running if each.poll() is not None]:
                running.remove(process)
                assert process.stdout is not None
                lines = process.stdout.read().splitlines()
                print(lines[-1] if process.returncode == 0 else f"failed: {process.args[-1]}", flush=True)  # type: ignore[index]
                print(f"{total - len(waiting) - len(running)} of {total}", file=sys.stderr, flush=True)
            time.sleep(0.2)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        if sys.argv[2] == "cuda":
            torch.set_float32_matmul_precision("high")
        print(json.dumps(run(json.loads(sys.argv[3]), sys.argv[2])))
    else:
        typer.run(main)
