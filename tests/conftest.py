"""What every test stands on: one thread, a home folder of its own, no network, one tiny tokenizer and tiny models."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from llmlab.artifacts.errors import LabError
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.tokenizer.base import Tokenizer, TokenizerConfig
from llmlab.tokenizer.table import train_tokenizer

LANGUAGES = ["smalltalk", "english", "chinese"]
TEXTS = [
    "Object subclass: Account [ |balance| deposit: amount [ balance := balance + amount. ^ balance ] ]\n" * 4,
    "balance ifNil: [ balance := 0 ]. Transcript showCr: balance printString; cr.\n" * 4,
    "The old lighthouse keeper climbed the stairs every evening, and every evening the sea was there.\n" * 4,
    'A fox met a crow by the river. "What is in the bread?" asked the fox. The crow said nothing.\n' * 4,
    "从前有一个小村庄，村里的人每天早上去河边打水。河水很清，鱼很多，孩子们很高兴。\n" * 4,
]
VOCAB = 97


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _same_numbers_in_any_order() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def _home_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing that a test runs reads or writes the user's home, scratch folder, mirror or hub cache."""
    home = tmp_path_factory.mktemp("home")
    own = {"HOME": home, "XDG_CACHE_HOME": home / "cache", "HF_HOME": home / "hub", "LLMLAB_SCRATCH": home / "scratch"}
    with pytest.MonkeyPatch.context() as patch:
        for name, folder in own.items():
            patch.setenv(name, str(folder))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.delenv("LLMLAB_MIRROR", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Connections leave this machine for nobody; loopback stays open for local test servers."""
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else None
        if host is not None and host not in ("localhost", "::1") and not str(host).startswith("127."):
            raise OSError(f"a test tried to connect to {host}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", local_only)
        yield


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    """SentencePiece on a few sentences of the three languages, 420 tokens."""
    return train_tokenizer(TEXTS, TokenizerConfig(vocab_size=420), LANGUAGES)


@pytest.fixture(scope="session")
def char_tokenizer() -> Tokenizer:
    return train_tokenizer(TEXTS, TokenizerConfig(kind="char"), LANGUAGES)


@pytest.fixture(scope="session")
def tiny() -> Callable[..., ModelConfig]:
    """Two layers of width 32, two heads of 16, 32 positions; keywords change what a test is about."""

    def make(**changes: Any) -> ModelConfig:
        return ModelConfig(**{"depth": 2, "width": 32, "head_size": 16, "context": 32, **changes})

    return make


@pytest.fixture(scope="session")
def make_model(tiny: Callable[..., ModelConfig]) -> Callable[..., Transformer]:
    """A tiny model with noise on every weight, so that zeros and ones of the initial values hide nothing."""

    def make(vocab: int = VOCAB, seed: int = 0, noise: float = 0.1, **changes: Any) -> Transformer:
        generator = torch.Generator().manual_seed(seed)
        model = Transformer(tiny(**changes), vocab, generator)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(noise * torch.randn(parameter.shape, generator=generator))
        return model.eval()

    return make


@pytest.fixture(scope="session")
def refuses() -> Callable[..., LabError]:
    """Call something that must raise a LabError which says all of these words and offers a remedy."""

    def check(words: list[str], call: Callable[..., Any], *arguments: Any, **keywords: Any) -> LabError:
        with pytest.raises(LabError) as caught:
            call(*arguments, **keywords)
        for word in words:
            assert word in str(caught.value), f"{word!r} not in {caught.value}"
        assert caught.value.remedy.strip()
        return caught.value

    return check


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch" / "run"


def pytest_report_header() -> str:
    return f"torch {torch.__version__}, cores {os.cpu_count()}"
