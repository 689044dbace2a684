"""The base model of the study: `python start.py --texts texts --base base --out base.json`."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from arms import PARAMS
from domains import OLD, read_set, read_texts

from llmlab.artifacts.metrics import write_metrics
from llmlab.artifacts.params import load_section
from llmlab.model.checkpoint import parameters_of
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.pipeline.stage import run_stage
from llmlab.runtime.device import set_threads
from llmlab.runtime.seed import derive, torch_generator
from llmlab.shards.batches import StreamSource, evaluation_batches
from llmlab.tokenizer.base import tokenizer_hash
from llmlab.train.config import TrainConfig
from llmlab.train.finish import save_trained, summarize
from llmlab.train.loop import train


@dataclass(frozen=True, kw_only=True)
class BaseConfig:
    """Section `base` of the study's params.yaml."""

    seed: int
    model: ModelConfig
    train: TrainConfig


def main(*, texts: Path, base: Path, out: Path) -> None:
    """Train on the old texts."""
    config = load_section(PARAMS, "base", BaseConfig)
    set_threads(config.train.threads)
    words = read_texts(texts)
    model = Transformer(config.model, words.vocab_size, torch_generator(config.seed, "init"))
    source = StreamSource(
        read_set(texts, OLD, "train", words), config.model.context, derive(config.seed, "order"), mask_documents=False
    )
    validation = evaluation_batches(read_set(texts, OLD, "val", words), config.model.context, config.train.rows, False)
    scratch = Path(".scratch") / "base"
    outcome = train(model, source, validation, config.train, scratch=scratch, name="base")
    shutil.rmtree(scratch, ignore_errors=True)
    save_trained(model, outcome, config.train, base, tokenizer_hash(words), {"seed": config.seed})
    write_metrics(out, {"parameters": parameters_of(model), **summarize(outcome, config.train)})


if __name__ == "__main__":
    run_stage(main)
