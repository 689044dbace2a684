import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.corpus.mirror import cache_path, find_stored, mirror_folder

Mirror = Callable[[dict[str, bytes]], Path]
GOOD = b"the right content"
SHA = hashlib.sha256(GOOD).hexdigest()


def test_found_by_hash_whatever_its_name(make_mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_mirror({"a/wrong-name.bin": GOOD, "right-name.txt": b"other"})
    monkeypatch.setenv("LLMLAB_MIRROR", str(folder))
    assert find_stored(SHA, tmp_path / "cache") == folder / "a/wrong-name.bin"
    assert find_stored("0" * 64, tmp_path / "cache") is None


def test_a_file_that_changed_under_its_hash_is_refused(
    make_mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_mirror({"x.txt": GOOD})
    monkeypatch.setenv("LLMLAB_MIRROR", str(folder))
    (folder / "x.txt").write_bytes(b"changed")
    with pytest.raises(LabError, match=r"x\.txt has sha256"):
        find_stored(SHA, tmp_path)
    (folder / "x.txt").unlink()
    with pytest.raises(LabError, match="missing"):
        find_stored(SHA, tmp_path)


def test_an_entry_may_not_lead_out_of_the_mirror(
    make_mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_mirror({"x.txt": GOOD})
    (tmp_path / "outside.txt").write_bytes(GOOD)
    entry = {"path": "../outside.txt", "sha256": SHA}
    (folder / "catalog.json").write_text(json.dumps({"files": [entry]}), encoding="utf-8")
    monkeypatch.setenv("LLMLAB_MIRROR", str(folder))
    with pytest.raises(LabError, match="outside the mirror"):
        find_stored(SHA, tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"files": [{"path": "x"}]}', '{"files": 3}'])
def test_a_broken_catalogue_is_named(
    text: str, make_mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_mirror({})
    (folder / "catalog.json").write_text(text, encoding="utf-8")
    monkeypatch.setenv("LLMLAB_MIRROR", str(folder))
    with pytest.raises(LabError, match="not a mirror catalogue"):
        find_stored(SHA, tmp_path)


def test_a_mirror_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no folder with a catalog"):
        mirror_folder({"LLMLAB_MIRROR": str(tmp_path / "nowhere")})
    assert mirror_folder({}) is None
    assert mirror_folder({"LLMLAB_MIRROR": ""}) is None


def test_a_relative_mirror_is_found_from_a_copy_of_the_project(
    make_mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_mirror({"x": GOOD})
    copy = tmp_path / ".dvc/tmp/exps/abc"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    found = mirror_folder({"LLMLAB_MIRROR": "mirror"})
    assert found == folder
    assert found.is_absolute()


def test_a_rotten_cache_file_is_dropped(tmp_path: Path) -> None:
    path = cache_path(SHA, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(GOOD)
    assert find_stored(SHA, tmp_path) == path
    path.write_bytes(b"rotten")
    assert find_stored(SHA, tmp_path) is None
    assert not path.exists()
