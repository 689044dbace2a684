"""A piece of `domain_tokens.py`: small models of equal size on equal texts, one a tokenizer, by bits per byte.

Both vocabularies are of one size, so the models have the same parameters. Each reads the same bytes as often: the
steps follow from the number of tokens. Fewer tokens then mean fewer steps, and more bytes in a row of `CONTEXT` tokens.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmlab.artifacts.documents import Document
from llmlab.evals.bits_per_byte import score_model
from llmlab.model.config import ModelConfig
from llmlab.model.count import count_parameters
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

BYTES = 1_000_000
PASSES = 4
CONTEXT = 128
ROWS = 8
SEEDS = (1, 2, 3)


def compare(
    texts: Sequence[str], measured: Mapping[str, Sequence[str]], size: int, settings: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Bits per byte of held-out repositories, a row for each kind and seed."""
    held_out = [text for part in measured.values() for text in part]
    read = some(texts, BYTES)
    for kind in ("bpe", "spm", "smalltalk"):
        config = TokenizerConfig(**{"kind": kind, "vocab_size": size, **(settings if kind == "smalltalk" else {})})
        words = train_tokenizer(texts, config, ["smalltalk"])
        for seed in SEEDS:
            yield {"tokenizer": kind, "seed": seed, **trained(words, read, some(held_out, BYTES // 5), seed)}


def some(texts: Sequence[str], most: int) -> list[str]:
    """Texts evenly spread over all, until there are `most` bytes."""
    total = sum(len(text.encode()) for text in texts)
    step = max(1, round(total / most))
    return list(texts[::step])


def trained(words: Tokenizer, texts: Sequence[str], held_out: Sequence[str], seed: int) -> dict[str, Any]:
    shape = ModelConfig(depth=2, width=96, head_size=32, context=CONTEXT)
    with tempfile.TemporaryDirectory() as scratch:
        learning = shard_of(words, texts, Path(scratch) / "train")
        validation = shard_of(words, held_out, Path(scratch) / "val")
        tokens = len(learning.ids)
        steps = round(PASSES * tokens / (ROWS * CONTEXT))
        config = TrainConfig(
            steps=steps,
            rows=ROWS,
            validate_every=steps,
            checkpoint_every=steps,
            threads=1,
            keep="last",
            optimizer="muon",
        )
        place = prepare(config, shape, words.vocab_size, seed, "pretrain")
        model = Transformer(shape, words.vocab_size, torch_generator(seed, "init")).to(place)
        source = make_source(learning, config, shape, seed, words.special[PAD])
        batches = evaluation_batches(validation, CONTEXT, 32, mask_documents=False)
        outcome = train(model, source, batches, config, scratch=Path(scratch) / "run", name=f"seed {seed}")
        put_weights(model, outcome.best)
        model.eval()
        score = score_model(model, validation)
    return {
        "parameters": count_parameters(shape, words.vocab_size)["total"],
        "train_tokens": tokens,
        "steps": steps,
        "bits_per_byte": round(score.bits_per_byte(), 4),
    }


def shard_of(words: Tokenizer, texts: Sequence[str], folder: Path) -> Shard:
    documents = (
        Document(id=str(number), lang="smalltalk", kind="code", text=text, source="bench", group="bench")
        for number, text in enumerate(texts)
    )
    folder.mkdir()
    write_shard(folder, encode_documents(documents, words, ShardConfig()), tokenizer_hash(words), words.vocab_size)
    return read_shard(folder, tokenizer_hash(words))
