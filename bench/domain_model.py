"""A piece of `domain_tokens.py`: small models of equal size on equal texts, one a tokenizer, by bits per byte.

All vocabularies are of one size, so the models have the same parameters. Each reads the same bytes once; the steps
follow from the number of tokens. Fewer tokens then mean fewer steps, that is fewer operations, and more bytes in a row
of `CONTEXT` tokens. Since a token costs every model the same, the kind measured also trains for as many steps as plain
BPE: that is equal operations, and it reads some of the text again.
"""

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.documents import Document
from llmlab.evals.bits_per_byte import Scored, score_model
from llmlab.model.config import ModelConfig
from llmlab.model.count import count_parameters, flops_per_token
from llmlab.model.transformer import Transformer
from llmlab.runtime.seed import torch_generator
from llmlab.shards.batches import evaluation_batches
from llmlab.shards.encode import ShardConfig, encode_documents
from llmlab.shards.format import Shard, read_shard, write_shard
from llmlab.tokenizer.base import Tokenizer, TokenizerConfig, tokenizer_hash
from llmlab.tokenizer.special import PAD
from llmlab.tokenizer.table import train_tokenizer
from llmlab.train.config import TrainConfig
from llmlab.train.loop import put_weights, train
from llmlab.train.setup import make_source, prepare

# Read and judged by; vocabularies are learned from all that there is.
BYTES, JUDGED = 1_000_000, 200_000
CONTEXT = 128
ROWS = 4
SEEDS = (1, 2, 3)
CONTROL, OWN = "bpe", "smalltalk"
KINDS = (CONTROL, "spm", OWN)
JOBS = (
    *((kind, "bytes", seed) for seed in SEEDS for kind in KINDS),
    *((OWN, "operations", seed) for seed in SEEDS),
)
# Those of the default pipeline, whose steps are about as few.
SHAPE = ModelConfig(depth=2, width=96, head_size=32, context=CONTEXT, ffn="relu2", smear=3, embedding_norm=True)
TRAIN: dict[str, Any] = {
    "rows": ROWS, "optimizer": "muon", "lr": 0.015, "muon_lr": 0.03, "betas": (0.9, 0.99), "weight_decay": 0.3,
    "embedding_decay": 0.1, "schedule": "linear", "keep": "last", "threads": 1,
}  # fmt: skip
Row = dict[str, Any]


def compare(
    texts: Sequence[str],
    measured: Mapping[str, Sequence[str]],
    size: int,
    settings: Mapping[str, Any],
    kept: Path | None = None,
) -> Iterator[Row]:
    """Bits per byte of held-out repositories: a row for each training, then one for each kind over its seeds.

    With `kept`, a folder, a training that was finished there is not done again.
    """
    read = some(texts, BYTES)
    share = JUDGED / sum(len(text.encode()) for part in measured.values() for text in part)
    judged = {name: some(part, share * sum(len(text.encode()) for text in part)) for name, part in measured.items()}
    same = digest([list(texts), judged, size, dict(settings), str(SHAPE), TRAIN, BYTES])

    @cache
    def learned(kind: str) -> Tokenizer:
        own = settings if kind == OWN else {"max_piece_length": settings["max_piece_length"]}
        return train_tokenizer(texts, TokenizerConfig(**{"kind": kind, "vocab_size": size, **own}), ["smalltalk"])

    rows: list[Row] = []
    for kind, equal, seed in JOBS:
        path = kept / f"model-{same}-{kind}-{equal}-{seed}.json" if kept else None
        if path and path.is_file():
            found = json.loads(path.read_text("utf-8"))
        else:
            found = trained(learned(kind), read, judged, seed, rows[0]["steps"] if equal == "operations" else 0)
            if path:
                write_json(path, found)
        rows.append({"tokenizer": kind, "equal": equal, "seed": seed, **found})
        yield rows[-1]
    yield from summary(rows)


def digest(of: Any) -> str:
    return hashlib.sha256(json.dumps(of, sort_keys=True).encode()).hexdigest()[:12]


def some(texts: Sequence[str], most: float) -> list[str]:
    """Texts evenly spread over all, until there are about `most` bytes."""
    total = sum(len(text.encode()) for text in texts)
    step = max(1, round(total / most))
    return list(texts[::step])


def trained(words: Tokenizer, texts: Sequence[str], judged: Mapping[str, Sequence[str]], seed: int, steps: int) -> Row:
    """One model, trained for so many steps, or if that is 0 until the texts are read."""
    names = [name for name, part in judged.items() for _ in part]
    with tempfile.TemporaryDirectory() as scratch:
        learning = shard_of(words, texts, Path(scratch) / "train")
        held_out = shard_of(words, [text for part in judged.values() for text in part], Path(scratch) / "held_out")
        steps = steps or round(len(learning.ids) / (ROWS * CONTEXT))
        config = TrainConfig(**{**TRAIN, "steps": steps, "validate_every": steps, "checkpoint_every": steps})
        with redirect_stdout(sys.stderr):  # rows alone are printed
            place = prepare(config, SHAPE, words.vocab_size, seed, "pretrain")
        model = Transformer(SHAPE, words.vocab_size, torch_generator(seed, "init")).to(place)
        source = make_source(learning, config, SHAPE, seed, words.special[PAD])
        batches = list(evaluation_batches(held_out, CONTEXT, ROWS, mask_documents=False))[:1]
        outcome = train(model, source, batches, config, scratch=Path(scratch) / "run", name=f"seed {seed}")
        put_weights(model, outcome.last)
        scored = score_model(model.eval(), held_out)
    read = steps * ROWS * CONTEXT
    return {
        "parameters": count_parameters(SHAPE, words.vocab_size)["total"],
        "train_bytes": sum(len(text.encode()) for text in texts),
        "train_tokens": len(learning.ids),
        "passes": round(read / len(learning.ids), 2),
        "steps": steps,
        "teraflops": round(read * flops_per_token(SHAPE, words.vocab_size) / 1e12, 2),
        "bits_per_byte": round(scored.bits_per_byte(), 4),
        "each": {name: round(part_of(scored, names, name).bits_per_byte(), 4) for name in judged},
    }


def part_of(scored: Scored, names: Sequence[str], name: str) -> Scored:
    """The documents of one repository."""
    return scored.among(np.array([place for place, each in enumerate(names) if each == name], dtype=np.int64))


def summary(rows: Sequence[Row]) -> Iterator[Row]:
    """Mean and spread of the seeds of each kind, and how much less than the others', seed by seed."""
    of = {kind: [row for row in rows if (row["tokenizer"], row["equal"]) == (kind, "bytes")] for kind in KINDS}
    for kind, equal in dict.fromkeys((kind, equal) for kind, equal, _ in JOBS):
        own = [row for row in rows if (row["tokenizer"], row["equal"]) == (kind, equal)]
        bits = [row["bits_per_byte"] for row in own]
        summed = {
            "tokenizer": kind,
            "equal": equal,
            "bits_per_byte": round(fmean(bits), 4),
            "sd": round(stdev(bits), 4),
        }
        summed |= {key: own[0][key] for key in ("parameters", "train_tokens", "passes", "steps", "teraflops")}
        for other in (each for each in KINDS if each not in (kind, OWN)):
            less = [100 * (1 - mine / theirs["bits_per_byte"]) for mine, theirs in zip(bits, of[other], strict=True)]
            better = sum(mean_of(own, name) < mean_of(of[other], name) for name in own[0]["each"])
            spread = {"all": round(fmean(less), 2), "least": round(min(less), 2), "most": round(max(less), 2)}
            summed[f"less_than_{other}"] = {**spread, "repositories": better}
        yield summed


def mean_of(rows: Sequence[Row], name: str) -> float:
    return fmean(row["each"][name] for row in rows)


def shard_of(words: Tokenizer, texts: Sequence[str], folder: Path) -> Shard:
    documents = (
        Document(id=str(number), lang="smalltalk", kind="code", text=text, source="bench", group="bench")
        for number, text in enumerate(texts)
    )
    folder.mkdir()
    write_shard(folder, encode_documents(documents, words, ShardConfig()), tokenizer_hash(words), words.vocab_size)
    return read_shard(folder, tokenizer_hash(words))
