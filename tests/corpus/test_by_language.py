from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document, read_documents
from llmlab.artifacts.errors import LabError
from llmlab.corpus.by_language import read_languages, write_languages


@pytest.fixture
def documents(make: Callable[..., Document]) -> list[Document]:
    return [make("A fox."), make("The sea."), make("河水", "chinese"), make("^ 1", "smalltalk", "code")]


LANGUAGES = ["english", "chinese", "smalltalk"]


def test_what_is_written_comes_back(documents: list[Document], tmp_path: Path) -> None:
    write_languages(tmp_path, LANGUAGES, iter(documents))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{lang}.parquet" for lang in sorted(LANGUAGES)]
    assert list(read_languages(tmp_path, LANGUAGES, "clean")) == documents
    assert list(read_documents(tmp_path / "chinese.parquet", "clean")) == documents[2:3]


def test_the_order_of_reading_is_that_of_the_languages_asked_for(documents: list[Document], tmp_path: Path) -> None:
    write_languages(tmp_path, LANGUAGES, documents)
    assert list(read_languages(tmp_path, ["smalltalk", "english"], "clean")) == [documents[3], *documents[:2]]


def test_a_stale_file_of_a_language_no_longer_asked_for_is_not_read(documents: list[Document], tmp_path: Path) -> None:
    write_languages(tmp_path, LANGUAGES, documents)
    (tmp_path / "german.parquet").write_bytes(b"not even a table")
    assert list(read_languages(tmp_path, ["chinese"], "clean")) == documents[2:3]


def test_a_language_without_documents_has_an_empty_file(documents: list[Document], tmp_path: Path) -> None:
    write_languages(tmp_path, LANGUAGES, documents[:2])
    assert list(read_languages(tmp_path, ["chinese", "smalltalk"], "clean")) == []
    assert (tmp_path / "smalltalk.parquet").exists()


def test_documents_that_are_not_sorted_are_a_bug_that_shows(documents: list[Document], tmp_path: Path) -> None:
    mixed = [documents[0], documents[2], documents[1]]
    with pytest.raises(AssertionError, match="sorted by language"):
        write_languages(tmp_path, LANGUAGES, mixed)


def test_a_missing_file_names_the_stage_that_writes_it(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"english\.parquet is missing") as caught:
        list(read_languages(tmp_path, ["english"], "clean"))
    assert "dvc repro clean" in caught.value.remedy


def test_the_same_documents_give_the_same_bytes(documents: list[Document], tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_languages(tmp_path / name, LANGUAGES, documents)
    for lang in LANGUAGES:
        assert (tmp_path / "one" / f"{lang}.parquet").read_bytes() == (
            tmp_path / "two" / f"{lang}.parquet"
        ).read_bytes()
