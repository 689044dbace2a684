from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from llmlab.artifacts.documents import write_documents
from llmlab.artifacts.errors import LabError
from llmlab.evals.config import EvaluateConfig
from llmlab.evals.subject import Subject, load_subject
from llmlab.model.checkpoint import save_model, save_weights
from llmlab.shards.encode import ShardConfig, encode_documents
from llmlab.shards.format import write_shard
from llmlab.tokenizer.base import Tokenizer, save_tokenizer, tokenizer_hash


@pytest.fixture
def folders(subject: Subject, tmp_path: Path) -> dict[str, Any]:
    """The subject as the stages leave it on disk."""
    words = subject.tokenizer
    digest = tokenizer_hash(words)
    paths = {name: tmp_path / name for name in ("base", "chat", "tokenizer", "shards", "split")}
    for name, path in paths.items():
        path.mkdir()
        if name in ("base", "chat"):
            save_model(getattr(subject, name), path, digest, {}, "card")
    (paths["base"] / "milestones").mkdir()
    for step, model in reversed(subject.milestones.items()):
        save_weights(model, paths["base"] / "milestones" / f"step-{step:06d}.safetensors")
    save_tokenizer(words, paths["tokenizer"])
    for name, documents in {"train": subject.train_documents, "test": subject.test_documents}.items():
        encoded = encode_documents(documents, words, ShardConfig())
        write_shard(paths["shards"] / name, encoded, digest, words.vocab_size)
        write_documents(paths["split"] / f"{name}.parquet", documents)
    return {"languages": subject.languages, "config": EvaluateConfig(order=3, sample_prompts={}), **paths}


def test_everything_comes_back_from_disk(subject: Subject, folders: dict[str, Any]) -> None:
    loaded = load_subject(**folders)
    assert loaded.languages == subject.languages
    assert loaded.train_documents == subject.train_documents
    assert loaded.test_documents == subject.test_documents
    np.testing.assert_array_equal(loaded.test.ids, subject.test.ids)
    ids = subject.test.document(1)
    np.testing.assert_array_equal(loaded.baseline.log_probabilities(ids), subject.baseline.log_probabilities(ids))
    row = torch.tensor([[1, 2, 3]])
    assert list(loaded.milestones) == [2, 10]
    pairs = [(loaded.base, subject.base), (loaded.chat, subject.chat)]
    pairs += [(loaded.milestones[step], subject.milestones[step]) for step in (2, 10)]
    with torch.no_grad():
        for ours, theirs in pairs:
            assert not ours.training
            assert torch.equal(ours(row), theirs(row))
        assert not torch.equal(loaded.milestones[2](row), loaded.base(row))


def test_the_n_gram_has_read_the_training_set_only(subject: Subject, folders: dict[str, Any]) -> None:
    """It is surer of a training document than of the same words in another order."""
    loaded = load_subject(**folders)
    ids = subject.tokenizer.encode(subject.train_documents[2].text)
    assert loaded.baseline.log_probabilities(ids).mean() > loaded.baseline.log_probabilities(ids[::-1]).mean() + 1


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ("base/model.safetensors", ["pretrain"]),
        ("chat/config.json", ["sft"]),
        ("shards/test/ids.bin", ["shard"]),
        ("split/test.parquet", ["split"]),
        ("tokenizer/tokenizer.json", ["train_tokenizer"]),
    ],
)
def test_a_missing_part_names_the_stage_that_writes_it(
    folders: dict[str, Any], tmp_path: Path, refuses: Callable[..., LabError], gone: str, words: list[str]
) -> None:
    (tmp_path / gone).unlink()
    refuses([gone, *words], load_subject, **folders)


def test_another_tokenizer_is_refused(
    folders: dict[str, Any], char_tokenizer: Tokenizer, refuses: Callable[..., LabError]
) -> None:
    save_tokenizer(char_tokenizer, folders["tokenizer"])
    refuses(["tokenizer", "dvc repro"], load_subject, **folders)
