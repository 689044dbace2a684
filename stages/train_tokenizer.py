"""Learn the vocabulary from the training set and measure how well it compresses each language."""

from pathlib import Path

from llmlab.artifacts.atomic import atomic_folder
from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section, load_value
from llmlab.corpus.texts import texts_by_language
from llmlab.pipeline.stage import PARAMS, run_stage
from llmlab.tokenizer.base import TokenizerConfig, save_tokenizer
from llmlab.tokenizer.fertility import fertility
from llmlab.tokenizer.table import train_tokenizer


def main(*, split: Path, out: Path, metrics: Path) -> None:
    languages = load_value(PARAMS, "languages", list[str])
    config = load_section(PARAMS, "tokenizer", TokenizerConfig)
    texts = texts_by_language(split / "train.parquet", languages, limit=config.train_bytes)
    tokenizer = train_tokenizer((text for lang in languages for text in texts[lang]), config, languages)
    with atomic_folder(out) as folder:
        save_tokenizer(tokenizer, folder)
    held_out = texts_by_language(split / "val.parquet", languages, limit=config.train_bytes)
    figures = {
        "vocab_size": tokenizer.vocab_size,
        "train": {lang: fertility(tokenizer, texts[lang]) for lang in languages},
        "val": {lang: fertility(tokenizer, held_out[lang]) for lang in languages},
    }
    write_metrics(metrics, figures)


if __name__ == "__main__":
    run_stage(main)
