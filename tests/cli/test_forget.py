from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document, make_document, write_documents, write_rows
from llmlab.corpus.clean import CleanConfig, clean

Run = Callable[..., str]


@pytest.fixture
def corpus(project: Path) -> list[Document]:
    """Three raw documents and what cleaning makes of them; the first two are near-copies."""
    facts = {"lang": "english", "kind": "prose", "source": "s", "license": "MIT"}
    texts = {
        "anna-reed": "\ufeffThe fox went down to the sea.",
        "o/copies": "The fox went down to the sea!",
        "o/n": "A quiet day.",
    }
    raw = [make_document(text=f"{text} " * 3, group=group, path=group, **facts) for group, text in texts.items()]
    cleaned = [outcome.document for outcome in clean(raw, CleanConfig())]
    write_documents(project / "data/raw/english.parquet", raw)
    write_documents(project / "data/clean/english.parquet", cleaned)
    rows = [{"id": each.id, "cluster": cleaned[0].id} for each in cleaned[:2]]
    write_rows(project / "data/dedup/clusters.parquet", ["id", "cluster"], rows)
    return raw


def entries(project: Path) -> list[str]:
    lines = (project / "data/removed.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["o/n"], "repository o/n"),
        (["bundled-english"], "repository bundled english"),
        (["Anna Reed"], "author anna reed"),
        (["0123456789abcdef"], "id 0123456789abcdef"),
        (["o", "--as", "repository"], "repository o"),
    ],
)
def test_what_it_is_shows_or_is_said(works: Run, project: Path, arguments: list[str], line: str) -> None:
    text = works("forget", *arguments)
    assert "dvc repro" in text
    assert entries(project) == [line]


def test_it_says_what_it_covers_and_which_copies_stay(works: Run, project: Path, corpus: list[Document]) -> None:
    text = works("forget", "Anna Reed")
    assert "covers 1 english" in text
    assert "1 near-copies" in text
    assert works("forget", "anna reed").count("has it already") == 1
    assert entries(project) == ["author anna reed"]


def test_copies_are_listed_on_request(works: Run, fails: Run, project: Path, corpus: list[Document]) -> None:
    works("forget", "Anna Reed", "--copies")
    assert [line.split()[0] for line in entries(project)] == ["author", "id"]
    assert "no near-copies" in fails("forget", "o/n", "--copies")


def test_a_clean_id_takes_its_raw_id_along(works: Run, project: Path, corpus: list[Document]) -> None:
    (cleaned,) = (outcome.document for outcome in clean(corpus[:1], CleanConfig()))
    assert cleaned.id != corpus[0].id
    works("forget", cleaned.id)
    assert entries(project) == [f"id {cleaned.id}", f"id {corpus[0].id}"]


def test_a_dry_run_writes_nothing(works: Run, project: Path) -> None:
    assert "nothing was written" in works("forget", "o/n", "--dry-run")
    assert not (project / "data/removed.txt").exists()


def test_a_name_can_be_hidden(works: Run, project: Path) -> None:
    works("forget", "Anna Reed", "--hide")
    (line,) = entries(project)
    assert line.startswith("author sha256:")


def test_nothing_to_forget(fails: Run) -> None:
    said = fails("forget", " ")
    assert "has no name" in said
    assert "`lab forget 'Jane Doe'`" in said
    assert "no id" in fails("forget", "xyz", "--as", "id")
