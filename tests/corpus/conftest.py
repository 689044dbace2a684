import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document, make_document
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.sources.base import ReadContext


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LLMLAB_MIRROR", raising=False)


@pytest.fixture
def make() -> Callable[..., Document]:
    def build(text: str, lang: str = "english", kind: str = "prose", **more: str) -> Document:
        more = {"group": "g", "license": "CC0-1.0", **more}
        return make_document(lang=lang, kind=kind, text=text, source="s", **more)

    return build


@pytest.fixture
def make_mirror(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """A mirror folder holding the given files, with a true catalogue."""

    def build(files: dict[str, bytes]) -> Path:
        folder = tmp_path / "mirror"
        folder.mkdir()
        entries = []
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            entries.append({"path": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)})
        (folder / "catalog.json").write_text(json.dumps({"files": entries}), encoding="utf-8")
        return folder

    return build


@pytest.fixture
def context(tmp_path: Path) -> ReadContext:
    """A context whose cache and root are temporary, impatient, and free to ask a server on this machine."""
    limits = FetchLimits(attempts=2, backoff_seconds=0, read_seconds=2, allow_private_hosts=["localhost"])
    return ReadContext(lang="english", cache=tmp_path / "cache", root=tmp_path, limits=limits)
