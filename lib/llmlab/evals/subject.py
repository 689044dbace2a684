"""What an evaluation looks at: models, baseline, held-out text, loaded once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from llmlab.artifacts.documents import Document, read_documents
from llmlab.evals.config import EvaluateConfig
from llmlab.evals.kneser_ney import KneserNey
from llmlab.model.checkpoint import load_model, load_weights
from llmlab.model.transformer import Transformer
from llmlab.runtime.device import pick_device
from llmlab.shards.format import Shard, read_shard
from llmlab.tokenizer.base import Tokenizer, tokenizer_hash
from llmlab.tokenizer.special import BOS
from llmlab.tokenizer.table import load_tokenizer


@dataclass(frozen=True)
class Subject:
    """Everything under evaluation; documents are those of the split stage."""

    languages: list[str]
    tokenizer: Tokenizer
    base: Transformer
    chat: Transformer
    baseline: KneserNey
    test: Shard
    training_ids: np.ndarray
    train_documents: list[Document]
    test_documents: list[Document]
    milestones: dict[int, Transformer]

    @property
    def device(self) -> torch.device:
        """Where the models lie."""
        return self.base.embedding.weight.device


def load_subject(
    *,
    languages: Sequence[str],
    base: Path,
    chat: Path,
    tokenizer: Path,
    shards: Path,
    split: Path,
    config: EvaluateConfig,
) -> Subject:
    """Load it all, the models on the config's device; errors as those of the parts."""
    device = pick_device(config.device)
    words = load_tokenizer(tokenizer)
    digest = tokenizer_hash(words)
    train, test = (read_shard(shards / name, digest) for name in ("train", "test"))
    documents = (train.document(index) for index in range(len(train.starts)))
    return Subject(
        languages=list(languages),
        tokenizer=words,
        base=load_model(base, "pretrain", digest).to(device),
        chat=load_model(chat, "sft", digest).to(device),
        baseline=KneserNey(documents, words.vocab_size, config.order, words.special[BOS]),
        test=test,
        training_ids=train.ids,
        train_documents=list(read_documents(split / "train.parquet", "split")),
        test_documents=list(read_documents(split / "test.parquet", "split")),
        milestones=_milestones(base, digest, device),
    )


def _milestones(base: Path, digest: str, device: torch.device) -> dict[int, Transformer]:
    found = {}
    for path in sorted((base / "milestones").glob("step-*.safetensors")):
        model = load_model(base, "pretrain", digest)
        load_weights(model, path, "pretrain")
        found[int(path.stem.removeprefix("step-"))] = model.to(device)
    return found
