"""Kinds of tokenizer that differ from the default trained, sharded and learned from by the stages, unchanged."""

import json
from pathlib import Path

import pytest

from llmlab.artifacts.documents import make_document, write_documents
from tests.smoke.project import make_project, run

pytestmark = pytest.mark.slow

COMMANDS = (
    "python stages/train_tokenizer.py --split data/split --out models/tokenizer --metrics metrics/tokenizer.json",
    "python stages/shard.py --split data/split --tokenizer models/tokenizer --out data/shards "
    "--metrics metrics/shard.json",
    "python stages/pretrain.py --shards data/shards --tokenizer models/tokenizer --code params.yaml "
    "--out models/base --metrics metrics/pretrain.json --curve metrics/curves/pretrain.tsv",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A tiny project with its split documents, which come straight from the bundled files."""
    folder = make_project(tmp_path)
    documents = [
        make_document(
            lang=lang, kind="prose", text=path.read_text(encoding="utf-8"), source="bundled", group=path.parent.name
        )
        for lang in ("smalltalk", "english", "chinese")
        for path in sorted((folder / "data/bundled" / lang).rglob("*"))
        if path.is_file() and path.suffix != ".jsonl"
    ]
    for name, part in (("train", documents), ("val", documents[::5]), ("test", documents[::7])):
        write_documents(folder / f"data/split/{name}.parquet", part)
    return folder


@pytest.mark.parametrize(("kind", "size"), [("superbpe", 1500), ("smalltalk", 1500), ("hybrid", 1500), ("byte", None)])
def test_a_kind_is_one_word_in_params(project: Path, kind: str, size: int | None) -> None:
    params = project / "params.yaml"
    text = params.read_text(encoding="utf-8")
    assert "  kind: spm\n" in text
    params.write_text(text.replace("  kind: spm\n", f"  kind: {kind}\n"), encoding="utf-8")
    for command in COMMANDS:
        result = run(project, command)
        assert result.returncode == 0, result.stdout + result.stderr
    facts = json.loads((project / "models/tokenizer/tokenizer.json").read_text(encoding="utf-8"))
    assert facts["kind"] == kind
    assert facts["vocab_size"] == (size or 256 + len(facts["special"]))
    trained = json.loads((project / "metrics/pretrain.json").read_text(encoding="utf-8"))
    assert trained["steps"] == 6
    assert 0 < trained["val_loss"] < 20
