"""Text to memory-mapped ids: one shard for each of train, validation and test."""

from pathlib import Path

from llmlab.artifacts.atomic import atomic_folder
from llmlab.artifacts.documents import read_documents
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section
from llmlab.pipeline.stage import PARAMS, run_stage
from llmlab.shards.encode import ShardConfig, encode_documents
from llmlab.shards.format import write_shard
from llmlab.tokenizer.base import tokenizer_hash
from llmlab.tokenizer.table import load_tokenizer


def main(*, split: Path, tokenizer: Path, out: Path, metrics: Path) -> None:
    config = load_section(PARAMS, "shard", ShardConfig)
    words = load_tokenizer(tokenizer)
    tokens = {}
    with atomic_folder(out) as folder:
        for name in ("train", "val", "test"):
            documents = read_documents(split / f"{name}.parquet", "split")
            encoded = encode_documents(documents, words, config)
            tokens[name] = write_shard(folder / name, encoded, tokenizer_hash(words), words.vocab_size)
    write_metrics(metrics, {"tokens": tokens})


if __name__ == "__main__":
    run_stage(main)
