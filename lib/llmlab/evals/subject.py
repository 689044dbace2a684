"""What an evaluation looks at: models, baseline, held-out text, loaded once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmlab.artifacts.documents import Document, read_documents
from llmlab.evals.kneser_ney import KneserNey
from llmlab.model.checkpoint import load_model, load_weights
from llmlab.model.transformer import Transformer
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
    train_documents: list[Document]
    test_documents: list[Document]
    milestones: dict[int, Transformer]


def load_subject(
    *, languages: Sequence[str], base: Path, chat: Path, tokenizer: Path, shards: Path, split: Path, order: int
) -> Subject:
    """Load it all; errors as those of the parts."""
    words = load_tokenizer(tokenizer)
    digest = tokenizer_hash(words)
    train, test = (read_shard(shards / name, digest) for name in ("train", "test"))
    documents = (train.document(index) for index in range(len(train.starts)))
    return Subject(
        languages=list(languages),
        tokenizer=words,
        base=load_model(base, "pretrain", digest),
        chat=load_model(chat, "sft", digest),
        baseline=KneserNey(documents, words.vocab_size, order, words.special[BOS]),
        test=test,
        train_documents=list(read_documents(split / "train.parquet", "split")),
        test_documents=list(read_documents(split / "test.parquet", "split")),
        milestones=_milestones(base, digest),
    )


def _milestones(base: Path, digest: str) -> dict[int, Transformer]:
    found = {}
    for path in sorted((base / "milestones").glob("step-*.safetensors")):
        model = load_model(base, "pretrain", digest)
        load_weights(model, path, "pretrain")
        found[int(path.stem.removeprefix("step-"))] = model
    return found
