import os
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.catalog import resolve_source
from llmlab.corpus.sources import git
from llmlab.corpus.sources.base import ReadContext


@pytest.fixture(autouse=True)
def own_git_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No settings of the person who runs the tests; the file is there to be written to."""
    path = tmp_path / "gitconfig"
    path.write_text("[user]\n\tname = T\n\temail = t@example.org\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    return path


def run(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(repository: Path, files: dict[str, str | bytes]) -> str:
    for name, data in files.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    run(repository, "add", "-A")
    run(repository, "commit", "-qm", "x")
    return run(repository, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    run(folder, "init", "-q", "-b", "main")
    commit(folder, {"src/B.class.st": "B", "src/A.class.st": "A", "README.md": "read me", "src/deep/C.class.st": "C"})
    return folder


def read(root: Path, address: str, **more: Any) -> tuple[list[Document], Counter[str]]:
    entry = {"name": "repo", "kind": "git", "address": address, "license": "MIT", "document": "code", **more}
    context = ReadContext(lang="smalltalk", cache=root / "cache", root=root)
    return list(git.read(resolve_source({"glob": ["**/*.st"], **entry}), context)), context.skipped


def test_a_file_has_the_licence_that_the_repository_states(repository: Path, tmp_path: Path) -> None:
    mit = (Path(__file__).parents[3] / "LICENSE").read_text(encoding="utf-8")
    own = '"SPDX-License-Identifier: Apache-2.0"\nD'
    commit(repository, {"src/deep/LICENSE": mit, "src/D.class.st": own})
    documents, _ = read(tmp_path, "project", license="as the entry says")
    assert {document.path: document.license for document in documents} == {
        "src/A.class.st": "as the entry says",
        "src/B.class.st": "as the entry says",
        "src/D.class.st": "Apache-2.0",
        "src/deep/C.class.st": "MIT",
    }


def test_a_local_repository_in_the_order_of_its_paths(repository: Path, tmp_path: Path) -> None:
    documents, skipped = read(tmp_path, "project")
    assert [(d.path, d.text) for d in documents] == [
        ("src/A.class.st", "A"),
        ("src/B.class.st", "B"),
        ("src/deep/C.class.st", "C"),
    ]
    assert {(d.group, d.license, d.url) for d in documents} == {("repo", "MIT", "project")}
    assert not skipped
    assert [d.text for d in read(tmp_path, "project", glob=["src/*.st"], exclude=["**/B.*"])[0]] == ["A"]


def test_an_older_commit_and_what_is_not_committed(repository: Path, tmp_path: Path) -> None:
    first = run(repository, "rev-parse", "HEAD")
    commit(repository, {"src/A.class.st": "new A"})
    (repository / "src/B.class.st").write_text("not committed", encoding="utf-8")
    assert [d.text for d in read(tmp_path, "project")[0]] == ["new A", "B", "C"]
    assert [d.text for d in read(tmp_path, "project", commit=first)[0]] == ["A", "B", "C"]


def test_links_submodules_binaries_and_large_files_are_left_and_counted(repository: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.st"
    secret.write_text("secret", encoding="utf-8")
    (repository / "src/link.st").symlink_to(secret)
    run(repository, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},src/module.st")
    for name, data in {"big": b"x" * 2000, "bytes": b"a\0b", "latin": b"na\xefve"}.items():
        (repository / f"src/{name}.st").write_bytes(data)
    run(repository, "add", "src/link.st", "src/big.st", "src/bytes.st", "src/latin.st")
    run(repository, "commit", "-qm", "x")
    documents, skipped = read(tmp_path, "project", max_file_bytes=1000)
    assert [d.text for d in documents] == ["A", "B", "C"]
    assert skipped == {
        "symbolic link": 1,
        "submodule": 1,
        "file too large": 1,
        "binary file": 1,
        "not utf-8 text": 1,
    }


def test_a_remote_is_fetched_once_into_a_bare_cache(repository: Path, tmp_path: Path) -> None:
    address, head = f"file://{repository}", run(repository, "rev-parse", "HEAD")
    documents, _ = read(tmp_path, address, commit=head)
    assert [d.text for d in documents] == ["A", "B", "C"]
    assert not list((tmp_path / "cache").rglob("A.class.st"))
    repository.rename(tmp_path / "gone")
    assert read(tmp_path, address, commit=head)[0] == documents


def test_a_commit_that_is_no_branch_head_is_found(repository: Path, tmp_path: Path) -> None:
    first = run(repository, "rev-parse", "HEAD")
    commit(repository, {"src/A.class.st": "new A"})
    assert [d.text for d in read(tmp_path, f"file://{repository}", commit=first)[0]] == ["A", "B", "C"]


def test_instead_of_leads_to_a_local_copy(repository: Path, tmp_path: Path, own_git_settings: Path) -> None:
    with own_git_settings.open("a", encoding="utf-8") as file:
        file.write(f'[url "{tmp_path}/"]\n\tinsteadOf = https://git.example/lab/\n')
    head = run(repository, "rev-parse", "HEAD")
    documents, _ = read(tmp_path, "https://git.example/lab/project", commit=head)
    assert [d.text for d in documents] == ["A", "B", "C"]
    assert {d.url for d in documents} == {"https://git.example/lab/project"}


def test_hooks_and_filters_of_a_repository_are_not_run(repository: Path, tmp_path: Path) -> None:
    commit(repository, {".gitattributes": "*.st filter=evil\n"})
    run(repository, "config", "filter.evil.smudge", f"touch {tmp_path}/ran")
    hook = repository / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    hook.chmod(0o755)
    read(tmp_path, "project")
    read(tmp_path, f"file://{repository}", commit=run(repository, "rev-parse", "HEAD"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "needs a pinned `commit`, found ''"),
        ({"commit": "main"}, "pinned"),
        ({"commit": "abc1234"}, "pinned"),
        ({"commit": "0" * 40}, "could not fetch|no commit"),
    ],
)
def test_a_remote_needs_a_pin_that_exists(more: dict[str, str], said: str, repository: Path, tmp_path: Path) -> None:
    with pytest.raises(LabError, match=said):
        read(tmp_path, f"file://{repository}", **more)


@pytest.mark.parametrize("address", ["ext::sh -c 'touch ran'", "--upload-pack=touch ran", "fd::17"])
def test_addresses_that_run_programs_are_refused(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LabError, match="not a repository's address"):
        read(tmp_path, address, commit="0" * 40)
    assert not os.path.exists("ran")


def test_errors_name_what_is_missing(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no repository at nowhere"):
        read(tmp_path, "nowhere")
    with pytest.raises(LabError, match="no commit feature"):
        read(tmp_path, "project", commit="feature")
    with pytest.raises(LabError, match="no file of project"):
        read(tmp_path, "project", glob=["*.java"])
    with pytest.raises(LabError, match="git could not fetch"):
        read(tmp_path, f"file://{tmp_path}/nowhere", commit="0" * 40)
    # A folder inside a repository is not that repository.
    with pytest.raises(LabError, match="no commit HEAD"):
        read(tmp_path, "project/src")
