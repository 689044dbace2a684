"""Every section of params.yaml read as its stage reads it, so that a mistake shows before anything runs."""

from pathlib import Path
from typing import Any

from llmlab.adapt.recipe import AdapterConfig
from llmlab.artifacts.params import load_section, load_value
from llmlab.corpus.catalog import resolve_source
from llmlab.corpus.clean import CleanConfig
from llmlab.corpus.contamination import DecontaminateConfig
from llmlab.corpus.minhash import DedupeConfig
from llmlab.corpus.scrape import ScrapeConfig
from llmlab.corpus.split import SplitConfig
from llmlab.evals.config import EvaluateConfig
from llmlab.instruct.base import InstructConfig
from llmlab.model.config import ModelConfig
from llmlab.shards.encode import ShardConfig
from llmlab.tasks.base import TasksConfig
from llmlab.tokenizer.base import TokenizerConfig
from llmlab.train.config import TrainConfig
from llmlab.train.tuning import TuningConfig

_CONFIGS: dict[str, type[Any]] = {
    "tasks": TasksConfig,
    "clean": CleanConfig,
    "dedupe": DedupeConfig,
    "decontaminate": DecontaminateConfig,
    "split": SplitConfig,
    "tokenizer": TokenizerConfig,
    "shard": ShardConfig,
    "model": ModelConfig,
    "train": TrainConfig,
    "instruct": InstructConfig,
    "sft": TuningConfig,
    "lora": AdapterConfig,
    "evaluate": EvaluateConfig,
}


def check_sections(params: Path) -> None:
    """Read the whole params file strictly.

    Raises:
        LabError: the first section that its stage would refuse, or a source that is not in the catalogue.
    """
    load_value(params, "seed", int)
    for section, config in _CONFIGS.items():
        load_section(params, section, config)
    for lang in load_value(params, "languages", list[str]):
        for entry in load_section(params, f"scrape.{lang}", ScrapeConfig).sources:
            resolve_source(entry)
