from collections.abc import Callable
from pathlib import Path

from llmlab.artifacts.documents import Document, write_documents, write_rows
from llmlab.corpus.clean import CleanConfig, clean
from llmlab.corpus.removal import Removals
from llmlab.corpus.traces import covered, near_copies, raw_ids


def test_covered(make: Callable[..., Document], tmp_path: Path) -> None:
    documents = [make("one", group="a/b"), make("two")]
    write_documents(tmp_path / "english.parquet", documents)
    removals = Removals({"repository": frozenset(["a/b"])})
    assert list(covered(tmp_path, removals, "scrape")) == documents[:1]
    assert list(covered(tmp_path / "none", removals, "scrape")) == []


def test_the_raw_document_behind_a_clean_one(make: Callable[..., Document], tmp_path: Path) -> None:
    raws = [make("\ufeffOne long enough\r\ntext here."), make("\ufeffAnother long text\r\nhere.")]
    write_documents(tmp_path / "english.parquet", raws)
    cleaned = [outcome.document for outcome in clean(raws, CleanConfig())]
    assert cleaned[0].id != raws[0].id
    assert raw_ids(cleaned[0], tmp_path, CleanConfig()) == [raws[0].id]
    assert raw_ids(make("no such text", lang="latin"), tmp_path, CleanConfig()) == []


def test_near_copies(tmp_path: Path) -> None:
    path = tmp_path / "clusters.parquet"
    rows = [("a", "1"), ("b", "1"), ("c", "2"), ("d", "1")]
    write_rows(path, ["id", "cluster"], ({"id": each, "cluster": cluster} for each, cluster in rows))
    assert near_copies({"a", "x"}, path) == ["b", "d"]
    assert near_copies({"x"}, path) == []
    assert near_copies({"a"}, tmp_path / "none.parquet") == []
