"""A whole project in miniature: a tokenizer, a base model, a chat model and an adapter, trained for a few steps."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import add_lora
from llmlab.adapt.store import save_adapter
from llmlab.artifacts.documents import make_document
from llmlab.artifacts.metrics import write_metrics
from llmlab.cli.main import app
from llmlab.model.checkpoint import load_model, weights_hash
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.runtime.seed import torch_generator
from llmlab.shards.batches import StreamSource, evaluation_batches
from llmlab.shards.chat import all_batches, chat_source
from llmlab.shards.encode import ShardConfig, encode_documents
from llmlab.shards.format import read_shard, write_shard
from llmlab.tokenizer.base import Tokenizer, save_tokenizer, tokenizer_hash
from llmlab.train.config import TrainConfig
from llmlab.train.finish import save_trained
from llmlab.train.loop import train

ROOT = Path(__file__).resolve().parents[2]
SENTENCES = {
    "smalltalk": "balance ifNil: [ balance := 0 ]. Transcript showCr: balance printString; cr.\n",
    "english": "The old lighthouse keeper climbed the stairs every evening, and the sea was there.\n",
    "chinese": "从前有一个小村庄，村里的人每天早上去河边打水。\n",
}
TRAIN = TrainConfig(steps=12, rows=4, warmup=2, validate_every=6, checkpoint_every=100, milestones=[6], threads=1)
Lab = Callable[..., Result]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> Path:
    """The project; tests get a copy of it (`project`)."""
    root = tmp_path_factory.mktemp("made")
    shutil.copy(ROOT / "params.yaml", root)
    for name in ("models/tokenizer", "presets", "data/own"):
        (root / name).mkdir(parents=True)
    save_tokenizer(tokenizer, root / "models/tokenizer")
    _write_shards(root / "data/shards", tokenizer)
    _write_base(root, tokenizer)
    _write_chat(root, tokenizer)
    _write_adapter(root)
    write_metrics(root / "metrics/pretrain.json", {"steps": 12, "tokens": 3072, "val_loss": 5.5, "parameters": 40_000})
    bits = {"base": {"english": 3.2, "chinese": 4.1, "all": 3.5}}
    write_metrics(root / "metrics/eval.json", {"bits_per_byte": bits})
    rows = [{"step": "final", "lang": "english", "prompt": "One morning", "text": " the sea was there."}]
    (root / "data/samples.json").write_text(json.dumps({"samples": rows, "chat": [], "completions": []}), "utf-8")
    return root


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, with the working folder in it."""
    root = tmp_path / "project"
    shutil.copytree(made, root)
    monkeypatch.chdir(root)
    monkeypatch.delenv("LLMLAB_SCRATCH", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return root


@pytest.fixture
def lab(project: Path) -> Lab:
    """Run `lab` in the project."""

    def run(*arguments: str, typed: str | bytes | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), input=typed, prog_name="lab")

    return run


@pytest.fixture
def works(lab: Lab) -> Callable[..., str]:
    """Run `lab`, which must succeed; returns what it prints."""

    def run(*arguments: str, typed: str | bytes | None = None) -> str:
        result = lab(*arguments, typed=typed)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


@pytest.fixture
def fails(lab: Lab) -> Callable[..., str]:
    """Run `lab`, which must fail as people are failed: a sentence, a remedy, exit code 1; returns that."""

    def run(*arguments: str, typed: str | bytes | None = None) -> str:
        result = lab(*arguments, typed=typed)
        assert result.exit_code == 1, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.stderr.startswith("error: ")
        assert "\n  to mend it: " in result.stderr
        return result.stderr

    return run


@pytest.fixture
def git(project: Path) -> Callable[..., None]:
    """Run git in the project, which becomes a repository."""

    def run(*arguments: str) -> None:
        own = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *own, *arguments], cwd=project, check=True, capture_output=True)

    run("init", "-q", "-b", "main")
    (project / ".gitignore").write_text("/models/\n/data/shards/\n/data/samples.json\n", encoding="utf-8")
    return run


def _write_shards(folder: Path, tokenizer: Tokenizer) -> None:
    documents = [
        make_document(lang=lang, kind="prose", text=f"{number}. {text * 6}", source="s", group=str(number))
        for lang, text in SENTENCES.items()
        for number in range(4)
    ]
    for name, part in (("train", documents), ("val", documents[:3]), ("test", documents[::4])):
        encoded = encode_documents(part, tokenizer, ShardConfig())
        write_shard(folder / name, encoded, tokenizer_hash(tokenizer), tokenizer.vocab_size)


def _write_base(root: Path, tokenizer: Tokenizer) -> None:
    digest = tokenizer_hash(tokenizer)
    shape = ModelConfig(depth=2, width=32, head_size=16, context=64)
    model = Transformer(shape, tokenizer.vocab_size, torch_generator(1, "init"))
    sets = {name: read_shard(root / "data/shards" / name, digest) for name in ("train", "val")}
    validation = evaluation_batches(sets["val"], shape.context, 4, False)
    source = StreamSource(sets["train"], shape.context, 1, False)
    outcome = train(model, source, validation, TRAIN, scratch=root / ".scratch/pretrain/0123456789abcdef")
    save_trained(model, outcome, TRAIN, root / "models/base", digest, {"seed": 1})


def _write_chat(root: Path, tokenizer: Tokenizer) -> None:
    talks = [[{"role": "user", "content": "What is there?"}, {"role": "assistant", "content": "The sea."}]]
    rows = [{"lang": "english", "messages": json.dumps(messages)} for messages in talks * 8]
    source = chat_source(tokenizer, rows, 64, 1)
    model = load_model(root / "models/base", "pretrain", tokenizer_hash(tokenizer))
    outcome = train(model, source, all_batches(source, 4), TRAIN, scratch=root / ".scratch/sft/0123456789abcdef")
    save_trained(model, outcome, TRAIN, root / "models/chat", tokenizer_hash(tokenizer), {"seed": 1})


def _write_adapter(root: Path) -> None:
    model = load_model(root / "models/base", "pretrain")
    config = LoraConfig(rank=2, alpha=32)
    add_lora(model, config, torch_generator(1, "lora init"))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.5 * torch.randn(parameter.shape, generator=generator))
    folder = root / "models/adapters/loud"
    folder.mkdir(parents=True)
    save_adapter(model, folder, config, weights_hash(root / "models/base", "pretrain"), {"base": "base"})
