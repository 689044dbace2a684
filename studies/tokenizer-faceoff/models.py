"""A small model on each finalist at a vocabulary, with one seed. See dvc.yaml for how it is called.

All learn from the same bytes with the same operations, and have the same parameters in all. A larger vocabulary takes
them from the feed-forward, whose width is what is left; depth, width and context in tokens are one. Since parameters
cost operations at every token alike (the head is the embedding), equal operations are nearly equal tokens: who spells a
text in fewer tokens reads it more often, and sees more of it at once. That is the gain that a tokenizer promises.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from cells import MIXED, Row, some

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.documents import Document, read_documents
from llmlab.artifacts.params import load_section
from llmlab.evals.bits_per_byte import score_model
from llmlab.model.config import ModelConfig
from llmlab.model.count import count_parameters, flops_per_token
from llmlab.model.transformer import Transformer
from llmlab.pipeline.stage import run_stage
from llmlab.runtime.seed import torch_generator
from llmlab.shards.batches import evaluation_batches
from llmlab.shards.encode import ShardConfig, encode_documents
from llmlab.shards.format import Shard, read_shard, write_shard
from llmlab.tokenizer.base import Tokenizer, tokenizer_hash
from llmlab.tokenizer.special import PAD
from llmlab.tokenizer.table import load_tokenizer
from llmlab.train.config import TrainConfig
from llmlab.train.loop import put_weights, train
from llmlab.train.setup import make_source, prepare


@dataclass(frozen=True, kw_only=True)
class ModelsConfig:
    """Section `models` of the study's params.yaml."""

    train_bytes: int
    """Text of all corpora to learn from, evenly spread over what was gathered."""
    held_out_bytes: int
    """Text to be judged by, in all; as much from each corpus."""
    parameters: int
    """Of each model, embedding included."""
    flops: int
    """Of each training, forward and backward."""
    model: ModelConfig
    """All but the width of the feed-forward, which follows."""
    train: TrainConfig
    """All but the steps, which follow."""


def main(*, seed: int, finalists: Path, tokenizers: Path, texts: Path, out: Path) -> None:
    """Train and measure; the report is written after each finalist."""
    config = load_section(Path("params.yaml"), "models", ModelsConfig)
    learned = some(list(read_documents(texts / f"{MIXED}-train.parquet", "gather")), config.train_bytes)
    parts = sorted(texts.glob("*-held_out.parquet"))
    most = config.held_out_bytes // len(parts)
    judged = [document for path in parts for document in some(list(read_documents(path, "gather")), most)]
    rows: list[Row] = []
    for finalist in json.loads(finalists.read_text(encoding="utf-8")):
        words = load_tokenizer(tokenizers / finalist["kind"])
        rows.append({**finalist, "seed": seed, **trained(words, learned, judged, config, seed)})
        print(finalist["kind"], rows[-1]["bits_per_byte"], flush=True)
        write_json(out, rows)


def trained(
    words: Tokenizer, learned: Sequence[Document], judged: Sequence[Document], config: ModelsConfig, seed: int
) -> Row:
    """One model: what it was given, and its bits per byte of each part and of all."""
    shape = shaped(config.model, config.parameters, words.vocab_size)
    per_step = flops_per_token(shape, words.vocab_size) * config.train.rows * shape.context
    run = replace(config.train, steps=round(config.flops / per_step))
    with tempfile.TemporaryDirectory() as scratch:
        shard = shard_of(words, learned, Path(scratch) / "train")
        held_out = shard_of(words, judged, Path(scratch) / "held_out")
        place = prepare(run, shape, words.vocab_size, seed, "pretrain")
        model = Transformer(shape, words.vocab_size, torch_generator(seed, "init")).to(place)
        source = make_source(shard, run, shape, seed, words.special[PAD])
        # The loop validates at its end; what is reported is measured after it, on every document.
        few = list(islice(evaluation_batches(held_out, shape.context, 8, mask_documents=False), 1))
        outcome = train(model, source, few, run, scratch=Path(scratch) / "run", name=f"seed {seed}")
        put_weights(model, outcome.last)
        scored = score_model(model.eval(), held_out)
    read = run.steps * run.rows * shape.context
    parameters = count_parameters(shape, words.vocab_size)
    return {
        "parameters": parameters["total"],
        "embedding": parameters["embedding"],
        "hidden": shape.resolved_hidden,
        "steps": run.steps,
        "flops": run.steps * per_step,
        "text_bytes": sum(len(document.text.encode()) for document in learned),
        "text_tokens": len(shard.ids),
        "passes": round(read / len(shard.ids), 3),
        "bits_per_byte": round(scored.bits_per_byte(), 4),
        "parts": {lang: round(scored.of(lang).bits_per_byte(), 4) for lang in dict.fromkeys(scored.languages)},
    }


def shaped(model: ModelConfig, parameters: int, vocab_size: int) -> ModelConfig:
    """The model whose feed-forward takes what the parameters leave."""
    one, two = (count_parameters(replace(model, hidden=hidden), vocab_size)["total"] for hidden in (1, 2))
    return replace(model, hidden=max(1, 1 + round((parameters - one) / (two - one))))


def shard_of(words: Tokenizer, documents: Sequence[Document], folder: Path) -> Shard:
    """Documents as ids on disk, as the pipeline has them."""
    folder.mkdir()
    write_shard(folder, encode_documents(documents, words, ShardConfig()), tokenizer_hash(words), words.vocab_size)
    return read_shard(folder, tokenizer_hash(words))


if __name__ == "__main__":
    run_stage(main)
