"""Seconds to nanoGPT's loss: its CPU recipe against presets on Tiny Shakespeare, interleaved, same text and windows.

    python bench/time_to_loss.py --seeds 3 --presets shakespeare-fast,shakespeare-ngram
    python bench/time_to_loss.py --seeds 3 --levers shakespeare-fast

For each seed the peer and each preset, one after the other: seconds of training (loading and start-up apart), and
validation loss in nats per character on the whole validation text (non-overlapping windows of 64). A ratio of times
counts only where the preset ends at the loss of the peer or below. `--levers` takes the preset's choices back one at a
time, and prints what each costs. Needs the text: set LLMLAB_MIRROR, or be on the network.
"""

import json
import tempfile
import time
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated, Any

import nanogpt
import numpy as np
import torch
import typer
from torch import Tensor, nn
from torch.nn import functional as F

from llmlab.artifacts.params import load_section
from llmlab.corpus.scrape import ScrapeConfig, scrape
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.pipeline.presets import apply_preset, set_value
from llmlab.runtime.device import machine_facts
from llmlab.runtime.seed import torch_generator
from llmlab.shards.batches import StreamSource, evaluation_batches
from llmlab.shards.format import Shard
from llmlab.tokenizer.char import CharTokenizer, train_char
from llmlab.train.config import TrainConfig
from llmlab.train.loop import put_weights, train
from llmlab.train.setup import prepare

# A choice taken back: its name, and the plain setting in its place.
LEVERS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "no smear": {"model.smear": 0},
    "smear of one token": {"model.smear": 1},
    "embeddings not normalised": {"model.embedding_norm": False},
    "embeddings begin at 0.02": {"model.embedding_std": 0.02},
    "no zero start": {"model.zero_init": False},
    "head tied to the embedding": {"model.tie_embeddings": True, "model.embedding_std": 0.02},
    "queries and keys not normalised": {"model.qk_norm": False},
    "GELU": {"model.ffn": "gelu"},
    "learned positions": {"model.position": "learned"},
    "AdamW for all": {"train.optimizer": "adamw", "train.lr": 0.006},
    "five quintics in Muon": {"train.muon_rounds": "quintic"},
    "cosine": {"train.schedule": "cosine"},
    "half the rows, twice the steps": {"train.rows": 8, "train.steps": 380, "train.validate_every": 380},
    "two layers, half the steps": {"model.depth": 2, "train.steps": 95, "train.validate_every": 95},
}
ROOT = Path(__file__).resolve().parent.parent
WINDOW = 64


def load(params: Path) -> tuple[CharTokenizer, Tensor, Tensor]:
    """Tokenizer, training ids and validation ids: 90/10 by position."""
    documents = scrape(
        "english", load_section(params, "scrape.english", ScrapeConfig), ROOT / ".cache/downloads", root=ROOT
    )
    text = "".join(document.text for document in documents)
    border = int(0.9 * len(text))
    tokenizer = train_char([text[:border]], ["english"])
    return tokenizer, torch.tensor(tokenizer.encode(text[:border])), torch.tensor(tokenizer.encode(text[border:]))


@torch.no_grad()
def validation_loss(model: nn.Module, ids: Tensor) -> float:
    """Mean loss over the whole text in windows of 64, every character but the first counted once."""
    model.eval()
    rows = (len(ids) - 1) // WINDOW
    inputs, targets = ids[: rows * WINDOW].view(rows, WINDOW), ids[1 : rows * WINDOW + 1].view(rows, WINDOW)
    total = sum(
        F.cross_entropy(
            model(inputs[at : at + 64]).flatten(0, 1), targets[at : at + 64].flatten(), reduction="sum"
        ).item()
        for at in range(0, rows, 64)
    )
    return total / (rows * WINDOW)


def shard_of(ids: Tensor) -> Shard:
    """One document of ids (N,)."""
    start, size = np.zeros(1, dtype=np.int64), np.zeros(1)
    return Shard(ids.numpy().astype(np.uint16), start, size, ["english"], ["prose"], [""])


def ours(params: Path, tokenizer: CharTokenizer, data: Tensor, held_out: Tensor, seed: int) -> tuple[float, float]:
    """The preset's model and training through the library's one loop."""
    shape, config = load_section(params, "model", ModelConfig), load_section(params, "train", TrainConfig)
    training, validation = shard_of(data), shard_of(held_out[: 64 * 100])
    prepare(config, shape, tokenizer.vocab_size, seed, "pretrain")
    model = Transformer(shape, tokenizer.vocab_size, torch_generator(seed, "init"))
    with tempfile.TemporaryDirectory() as scratch:
        started = time.perf_counter()
        outcome = train(
            model,
            StreamSource(training, shape.context, seed, mask_documents=False),
            evaluation_batches(validation, shape.context, 64, mask_documents=False),
            config,
            scratch=Path(scratch),
            name="ours",
        )
        seconds = time.perf_counter() - started
    put_weights(model, outcome.last)
    return seconds, validation_loss(model, held_out)


def one_seed(seed: int, presets: dict[str, Path], threads: int) -> dict[str, Any]:
    """Times and losses of the peer and of each preset's params file."""
    tokenizer, data, held_out = load(next(iter(presets.values())))
    torch.set_num_threads(threads)
    seconds, loss = nanogpt.train(data, tokenizer.vocab_size, seed, lambda model: validation_loss(model, held_out))
    found: dict[str, Any] = {"seed": seed, "nanogpt": {"seconds": seconds, "loss": loss}}
    for name, params in presets.items():
        mine, reached = ours(params, tokenizer, data, held_out, seed)
        ratio = seconds / mine if reached <= loss else None
        found[name] = {"seconds": mine, "loss": reached, "ratio": ratio}
    return found


def print_levers(preset: Path, seeds: int, threads: int) -> list[dict[str, Any]]:
    """Mean loss and seconds with each choice taken back, in turn over the seeds."""
    tokenizer, data, held_out = load(preset)
    torch.set_num_threads(threads)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in LEVERS}
    for seed in range(1, seeds + 1):
        for name, changes in LEVERS.items():
            changed = preset.with_name("changed.yaml")
            changed.write_bytes(preset.read_bytes())
            for key, value in changes.items():
                set_value(changed, key, value)
            found[name].append(ours(changed, tokenizer, data, held_out, seed))
    base = mean(loss for _, loss in found["as it is"])
    table = []
    for name, runs in found.items():
        losses = [loss for _, loss in runs]
        row = {"lever": name, "loss": mean(losses), "spread": stdev(losses) if seeds > 1 else None}
        row |= {"worse": mean(losses) - base, "seconds": mean(seconds for seconds, _ in runs)}
        table.append(row)
        spread = f" ± {row['spread']:.4f}" if row["spread"] is not None else ""
        print(f"{name:<34} {row['loss']:.4f}{spread} {row['worse']:+.4f} {row['seconds']:6.2f} s")
    return table


def main(
    seeds: Annotated[int, typer.Option(help="runs of each")] = 3,
    threads: Annotated[int, typer.Option(help="CPU threads of all")] = 1,
    presets: Annotated[str, typer.Option(help="what is held against the peer")] = "shakespeare-fast,shakespeare-ngram",
    levers: Annotated[str | None, typer.Option(help="take this preset's choices back one at a time instead")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write all figures here")] = None,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for name in [levers] if levers else presets.split(","):
            files[name] = Path(folder) / f"{name}.yaml"
            files[name].write_bytes((ROOT / "params.yaml").read_bytes())
            apply_preset(files[name], ROOT / "presets", name)
            set_value(files[name], "train.threads", threads)
        if levers:
            table = print_levers(files[levers], seeds, threads)
            write(json_file, {"levers": table, "seeds": seeds, "threads": threads})
            return
        runs = []
        for seed in range(1, seeds + 1):
            runs.append(one_seed(seed, files, threads))
            for name, got in list(runs[-1].items())[1:]:
                ratio = f", {got['ratio']:.1f} times faster" if got.get("ratio") else ""
                print(f"seed {seed} {name:>18}: {got['seconds']:7.2f} s, loss {got['loss']:.4f}{ratio}", flush=True)
    figures = {}
    for name in files:
        ratios = [run[name]["ratio"] for run in runs if run[name]["ratio"] is not None]
        figures[name] = {"ratio": mean(ratios), "spread": [min(ratios), max(ratios)]} if ratios else {"ratio": None}
        text = f"{mean(ratios):.1f} times faster [{min(ratios):.1f}, {max(ratios):.1f}]" if ratios else "never there"
        print(f"{name}: in {len(ratios)} of {seeds} runs at the peer's loss or below, {text}")
    write(json_file, {"figures": figures, "runs": runs, "seeds": seeds, "threads": threads})


def write(path: Path | None, found: dict[str, Any]) -> None:
    """One JSON object with the machine's facts, if a file was asked for."""
    if path is not None:
        path.write_text(json.dumps({**found, "machine": machine_facts()}, indent=1))


if __name__ == "__main__":
    typer.run(main)
