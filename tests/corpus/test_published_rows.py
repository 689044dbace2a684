import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.corpus.published_rows import published_rows

ROWS = [{"q": "a", "n": 1}, {"q": "乙\u2028", "n": 2}]


@pytest.fixture
def mirrored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], str]:
    def put(data: bytes) -> str:
        folder = tmp_path / "mirror"
        folder.mkdir(exist_ok=True)
        digest = hashlib.sha256(data).hexdigest()
        (folder / "file").write_bytes(data)
        catalog = {"files": [{"path": "file", "sha256": digest}]}
        (folder / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
        monkeypatch.setenv("LLMLAB_MIRROR", str(folder))
        return digest

    return put


@pytest.mark.parametrize("packed", [False, True])
def test_rows_of_a_file_in_the_mirror(mirrored: Callable[[bytes], str], tmp_path: Path, packed: bool) -> None:
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()
    digest = mirrored(gzip.compress(data) if packed else data)
    assert list(published_rows("set", digest, tmp_path)) == ROWS


def test_a_file_without_rows_is_one(mirrored: Callable[[bytes], str], tmp_path: Path) -> None:
    digest = mirrored(b" \n = Title = \n text \n")
    assert list(published_rows("set", digest, tmp_path)) == [{"text": " \n = Title = \n text \n"}]


def test_a_broken_row_is_refused(
    mirrored: Callable[[bytes], str], tmp_path: Path, refuses: Callable[..., LabError]
) -> None:
    digest = mirrored(b'{"a": 1}\n{"a": \n')
    refuses(["set, line 2"], lambda: list(published_rows("set", digest, tmp_path)))


def test_what_is_nowhere_is_refused_with_the_hash_to_look_for(tmp_path: Path, refuses: Callable[..., LabError]) -> None:
    refuses(["set is not at hand", "LLMLAB_MIRROR", "0123"], lambda: list(published_rows("set", "0123" * 16, tmp_path)))


def test_the_hub_is_asked_at_a_pinned_revision_only(tmp_path: Path, refuses: Callable[..., LabError]) -> None:
    def ask() -> list[object]:
        return list(published_rows("set", "", tmp_path, dataset="owner/name", split="test", revision="main"))

    refuses(["set is not at hand", "pinned"], ask)
