"""Preset `shakespeare-char` against nanoGPT's CPU recipe, interleaved, same text, same windows, same machine.

    python bench/shakespeare.py --seeds 3

Prints one JSON object: seconds of training, final validation loss in nats per character on the whole validation text
(non-overlapping windows of 64), and the ratio of times. Needs the text: set LLMLAB_MIRROR, or be on the network.
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


def main(
    seeds: Annotated[int, typer.Option(help="runs of each")] = 3,
    threads: Annotated[int, typer.Option(help="CPU threads of both")] = 2,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        params = Path(folder) / "params.yaml"
        params.write_bytes((ROOT / "params.yaml").read_bytes())
        apply_preset(params, ROOT / "presets", "shakespeare-char")
        set_value(params, "train.threads", threads)
        tokenizer, data, held_out = load(params)
        runs: list[dict[str, Any]] = []
        for seed in range(1, seeds + 1):
            torch.set_num_threads(threads)
            peer = nanogpt.train(data, tokenizer.vocab_size, seed, lambda model: validation_loss(model, held_out))
            mine = ours(params, tokenizer, data, held_out, seed)
            runs.append({"seed": seed, "nanogpt": peer, "ours": mine, "ratio": peer[0] / mine[0]})
            print(json.dumps(runs[-1]), flush=True)
    result = {
        "runs": runs,
        "mean_ratio": mean(run["ratio"] for run in runs),
        "nanogpt_loss": mean(run["nanogpt"][1] for run in runs),
        "our_loss": mean(run["ours"][1] for run in runs),
        "machine": machine_facts(),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    typer.run(main)
