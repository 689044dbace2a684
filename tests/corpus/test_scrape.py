from pathlib import Path
from typing import Any

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.corpus.scrape import ScrapeConfig, scrape
from llmlab.corpus.sources.base import ReadContext
from llmlab.corpus.sources.table import READERS


def local(path: str, **more: str) -> dict[str, str]:
    return {"kind": "local", "path": path, "license": "mine", "document": "prose", "group_by": "file", **more}


def write(root: Path, name: str, *texts: str) -> None:
    (root / name).mkdir()
    for number, text in enumerate(texts):
        (root / name / f"{number:02}.txt").write_text(text, encoding="utf-8")


def test_sources_follow_each_other_with_counts(tmp_path: Path) -> None:
    write(tmp_path, "b", "bé", " ")
    write(tmp_path, "a", "a1", "a22")
    counts: dict[str, dict[str, Any]] = {}
    config = ScrapeConfig(sources=[local("b"), local("a")])
    documents = list(scrape("english", config, tmp_path / "cache", root=tmp_path, counts=counts))
    assert [d.text for d in documents] == ["bé", "a1", "a22"]
    assert counts == {
        "local:b": {"documents": 1, "characters": 2, "bytes": 3, "skipped": {"empty": 1}, "missing": {}},
        "local:a": {"documents": 2, "characters": 5, "bytes": 5, "skipped": {}, "missing": {}},
    }


def test_a_sample_is_the_same_in_any_order_and_grows(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(30)]
    write(tmp_path, "a", *texts)
    write(tmp_path, "b", *reversed(texts))

    def sample(name: str, limit: int) -> list[str]:
        counts: dict[str, dict[str, Any]] = {}
        config = ScrapeConfig(sources=[local(name)], max_documents=limit)
        found = [d.text for d in scrape("english", config, tmp_path / "cache", root=tmp_path, counts=counts)]
        assert counts[f"local:{name}"]["skipped"] == {"over max_documents": 30 - limit}
        return found

    assert sorted(sample("a", 10)) == sorted(sample("b", 10))
    assert set(sample("a", 5)) < set(sample("a", 10))
    assert sample("a", 10) == [text for text in texts if text in sample("a", 10)]


def test_a_source_of_another_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"stands under scrape\.english"):
        list(scrape("english", ScrapeConfig(sources=["bundled-chinese"]), tmp_path))


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="twice"):
        list(scrape("english", ScrapeConfig(sources=[local("x/a"), local("y/a")]), tmp_path))


def test_the_config_is_built_from_params() -> None:
    values = {"sources": ["bundled-english", local("x")], "limits": {"max_bytes": 1000}, "max_documents": None}
    config = build(ScrapeConfig, values, "params.yaml: scrape.english")
    assert config.limits.max_bytes == 1000
    with pytest.raises(LabError, match="did you mean `max_bytes`"):
        build(ScrapeConfig, {"sources": [], "limits": {"max_byte": 1}}, "params.yaml: scrape.english")


def test_the_table_names_every_reader() -> None:
    assert sorted(READERS) == ["bundled", "git", "github", "http", "hub", "local", "monticello", "pydoc", "sitemap"]
    assert all(callable(reader.read) for reader in READERS.values())


def test_a_failed_source_ends_the_run_unless_partial_is_allowed(tmp_path: Path) -> None:
    write(tmp_path, "a", "a1")
    sources = [local("a"), local("gone"), local("a", name="again")]
    counts: dict[str, dict[str, Any]] = {}
    with pytest.raises(LabError, match="no files at gone"):
        list(scrape("english", ScrapeConfig(sources=sources), tmp_path / "cache", root=tmp_path, counts=counts))
    assert list(counts) == ["local:a"]
    partial = ScrapeConfig(sources=sources, allow_partial=True)
    documents = list(scrape("english", partial, tmp_path / "cache", root=tmp_path, counts=counts))
    assert [d.source for d in documents] == ["local:a", "again"]
    assert counts["local:gone"]["missing"] == {"local:gone": "source local:gone: no files at gone"}
    assert counts["again"]["missing"] == {}


def test_what_is_missing_is_told_without_folders_of_this_machine(tmp_path: Path) -> None:
    context = ReadContext(lang="english", cache=tmp_path / "cache", root=tmp_path, allow_partial=True)
    with context.part("x"):
        raise LabError(f"{tmp_path}/cache/files/a is broken", "mend it")
    assert context.missing == {"x": "files/a is broken"}
