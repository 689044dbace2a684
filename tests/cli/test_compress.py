from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import SENTENCES, Lab

DATA = (SENTENCES["english"] * 2).encode() + b"\xff\xfe\r\n" + SENTENCES["chinese"].encode()


@pytest.fixture
def archive(project: Path, works: Callable[..., str]) -> Path:
    (project / "notes.txt").write_bytes(DATA)
    works("compress", "notes.txt", "--lang", "english")
    return project / "notes.txt.llmz"


@pytest.fixture
def files(project: Path) -> Path:
    """A file and one that looks like its archive, for commands that must not come so far as to read it."""
    (project / "notes.txt").write_bytes(DATA)
    (project / "notes.txt.llmz").write_bytes(b"LLMZ")
    return project


def test_there_and_back(archive: Path, works: Callable[..., str]) -> None:
    (archive.parent / "notes.txt").unlink()
    said = works("decompress", "notes.txt.llmz")
    assert f"-> {len(DATA)} bytes" in said
    assert (archive.parent / "notes.txt").read_bytes() == DATA


def test_the_language_is_found(project: Path, works: Callable[..., str]) -> None:
    (project / "notes.txt").write_bytes(b"The sea was there.")
    said = works("compress", "notes.txt", "--out", "small.llmz")
    assert " bits per byte as " in said
    works("decompress", "small.llmz", "--out", "again.txt")
    assert (project / "again.txt").read_bytes() == b"The sea was there."


def test_another_model_is_refused_and_nothing_written(archive: Path, fails: Callable[..., str]) -> None:
    assert archive.read_bytes()[5] != 0  # coded by the model, not stored as it was
    assert "another model" in fails("decompress", archive.name, "--model", "models/chat", "--out", "x.txt")
    assert not (archive.parent / "x.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compress", "gone.txt"], "is no file"),
        (["compress", "notes.txt", "--lang", "english"], "exists"),
        (["compress", "notes.txt", "--out", "notes.txt"], "the file itself"),
        (["compress", "notes.txt", "--lang", "klingon", "--out", "y"], "klingon"),
        (["decompress", "notes.txt"], "--out FILE"),
        (["decompress", "notes.txt", "--out", "y"], "no file of `lab compress`"),
        (["decompress", "notes.txt.llmz"], "exists"),
        (["decompress", "notes.txt.llmz", "--model", "models/gone", "--out", "y"], "models/gone"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    arguments: list[str], words: str, files: Path, fails: Callable[..., str]
) -> None:
    assert words in fails(*arguments)
    assert (files / "notes.txt").read_bytes() == DATA
    assert not (files / "y").exists()


def test_help_ends_with_an_example(lab: Lab) -> None:
    for command in ("compress", "decompress"):
        assert f"Example: lab {command}" in lab(command, "--help").output
