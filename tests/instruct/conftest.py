"""Documents as the split stage leaves them: rendered real classes, prose, chats."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document, make_document
from llmlab.corpus.code import read_code
from llmlab.corpus.outcome import Kept

BUNDLED = Path(__file__).parents[2] / "data" / "bundled"


@pytest.fixture(scope="session")
def make() -> Callable[..., Document]:
    def build(text: str, lang: str = "english", kind: str = "prose") -> Document:
        return make_document(lang=lang, kind=kind, text=text, source="s", group="g")

    return build


@pytest.fixture(scope="session")
def classes() -> list[Document]:
    """Every fifteenth bundled class, cleaned as the pipeline does it."""
    kept = []
    for path in sorted(BUNDLED.glob("smalltalk/*/*.class.st"))[::15]:
        raw = make_document(
            lang="smalltalk", kind="code", text=path.read_text(encoding="utf-8"), source="s", group=path.parent.name
        )
        kept += [outcome.document for outcome in read_code(raw) if isinstance(outcome, Kept)]
    assert len(kept) > 10
    return kept


@pytest.fixture(scope="session")
def documents(classes: list[Document], make: Callable[..., Document]) -> list[Document]:
    prose = [
        make(path.read_text(encoding="utf-8"), lang)
        for lang in ("english", "chinese")
        for path in sorted(BUNDLED.glob(f"{lang}/*/*.txt"))[::25]
    ]
    chats = [make(f"User: What is number {n}?\n\nAssistant: It is {n}.", kind="dialogue") for n in range(12)]
    return [*classes, *prose, *chats]
