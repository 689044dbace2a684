"""Seconds to nanoGPT's loss: its CPU recipe against presets on Tiny Shakespeare, interleaved, same text and windows.

    python bench/time_to_loss.py --seeds 3 --presets shakespeare-char,shakespeare-ngram

For each seed the peer and each preset, one after the other: seconds of training (loading and start-up apart), and
validation loss in nats per character on the whole validation text (non-overlapping windows of 64). A ratio of times
counts only where the preset ends at the loss of the peer or below. Needs the text: set LLMLAB_MIRROR, or be on
the network.
"""

import json
import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import Annotated, Any

import nanogpt
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


def ours(params: Path, tokenizer: CharTokenizer, data: Tensor, held_out: Tensor, seed: int) -> tuple[float, float]:
    """The preset's model and training through the library's one loop."""
    shape, config = load_section(params, "model", ModelConfig), load_section(params, "train", TrainConfig)
    shards = [
        Shard(
            part.numpy().astype("uint16"),
            torch.zeros(1).long().numpy(),
            torch.zeros(1).numpy(),
            ["english"],
            ["prose"],
            [""],
        )
        for part in (data, held_out[: 64 * 100])
    ]
    prepare(config, shape, tokenizer.vocab_size, seed, "pretrain")
    model = Transformer(shape, tokenizer.vocab_size, torch_generator(seed, "init"))
    with tempfile.TemporaryDirectory() as scratch:
        started = time.perf_counter()
        outcome = train(
            model,
            StreamSource(shards[0], shape.context, seed, mask_documents=False),
            evaluation_batches(shards[1], shape.context, 64, mask_documents=False),
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


def main(
    seeds: Annotated[int, typer.Option(help="runs of each")] = 3,
    threads: Annotated[int, typer.Option(help="CPU threads of all")] = 1,
    presets: Annotated[str, typer.Option(help="what is held against the peer")] = "shakespeare-char,shakespeare-ngram",
    json_file: Annotated[Path | None, typer.Option("--json", help="write all figures here")] = None,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for name in presets.split(","):
            files[name] = Path(folder) / f"{name}.yaml"
            files[name].write_bytes((ROOT / "params.yaml").read_bytes())
            apply_preset(files[name], ROOT / "presets", name)
            set_value(files[name], "train.threads", threads)
        runs = []
        for seed in range(1, seeds + 1):
            runs.append(one_seed(seed, files, threads))
            for name, got in list(runs[-1].items())[1:]:
                ratio = f", {got['ratio']:.1f} times faster" if got.get("ratio") else ""
                print(f"seed {seed} {name:>18}: {got['seconds']:7.2f} s, loss {got['loss']:.4f}{ratio}", flush=True)
    for name in files:
        ratios = [run[name]["ratio"] for run in runs if run[name]["ratio"] is not None]
        text = f"{mean(ratios):.1f} times faster [{min(ratios):.1f}, {max(ratios):.1f}]" if ratios else "never there"
        print(f"{name}: in {len(ratios)} of {seeds} runs at the peer's loss or below, {text}")
    if json_file is not None:
        json_file.write_text(json.dumps({"runs": runs, "threads": threads, "machine": machine_facts()}, indent=1))


if __name__ == "__main__":
    typer.run(main)
