from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.corpus.catalog import load_catalog, resolve_source

BUNDLED = {
    "bundled-smalltalk": ("smalltalk", "code"),
    "bundled-english": ("english", "prose"),
    "bundled-chinese": ("chinese", "prose"),
    "bundled-english-instructions": ("english", "dialogue"),
    "bundled-chinese-instructions": ("chinese", "dialogue"),
}


def test_bundled_sources() -> None:
    catalog = load_catalog()
    for name, (lang, document) in BUNDLED.items():
        source = catalog[name]
        assert (source.kind, source.lang, source.document, source.license) == ("bundled", lang, document, "CC0-1.0")


def test_every_entry_is_complete() -> None:
    for name, source in load_catalog().items():
        assert source.name == name
        assert source.license
        assert source.lang in ("smalltalk", "english", "chinese")
        if source.kind == "http":
            assert source.url.startswith("https://")
            assert len(source.sha256) == 64
            if source.mirror_only:
                assert source.note or "sft" not in source.url
        if source.kind == "hub":
            assert source.dataset
            assert len(source.revision) == 40
            assert source.columns
        if source.kind == "git":
            assert len(source.commit) == 40
            assert source.glob


def test_hashes_are_not_shared() -> None:
    hashes = [source.sha256 for source in load_catalog().values() if source.sha256]
    assert len(hashes) == len(set(hashes)) >= 30


def test_no_evaluation_set_is_offered_for_training() -> None:
    text = (Path(__file__).parents[2] / "lib/llmlab/corpus/catalog.yaml").read_text(encoding="utf-8")
    # sha256 of wikitext2_test, GSM8K test, HumanEval in shared/corpora.
    for digest in ("d790b833ef8c", "3730d312f6e3", "ac4e91943afe"):
        assert digest not in text


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(LabError, match="did you mean `tinyshakespeare`"):
        resolve_source("tinyshakspeare")


def test_an_inline_source_is_called_after_its_last_part() -> None:
    source = resolve_source({"kind": "local", "path": "/home/me/notes/", "license": "mine", "document": "prose"})
    assert source.name == "local:notes"
    named = resolve_source({"name": "n", "kind": "local", "path": "x", "license": "mine", "document": "prose"})
    assert named.name == "n"
    repository = {"kind": "git", "address": "https://example.org/a/b.git", "license": "MIT", "document": "code"}
    assert resolve_source(repository).name == "git:b"
    dataset = {"kind": "hub", "dataset": "a/b", "revision": "0" * 40, "license": "MIT", "document": "prose"}
    assert resolve_source(dataset).name == "hub:b"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"kind": "local", "license": "x", "document": "prose"}, "needs `path`"),
        ({"kind": "http", "url": "https://x/y", "license": "x", "document": "prose"}, "needs `sha256`"),
        ({"kind": "http", "url": "u", "sha256": "AB", "license": "x", "document": "prose"}, "64 lower-case"),
        ({"kind": "local", "path": "x", "document": "prose"}, "license"),
        ({"kind": "github", "license": "x", "document": "code"}, "needs `code_language`"),
        ({"kind": "monticello", "license": "x", "document": "code"}, "needs `url`"),
        ({"kind": "sitemap", "license": "x", "document": "prose"}, "needs `url`"),
        ({"kind": "pydoc", "license": "x", "document": "prose"}, "needs `packages`"),
        ({"kind": "ftp", "path": "x", "license": "x", "document": "prose"}, "kind"),
        ({"kind": "local", "paht": "x", "license": "x", "document": "prose"}, "did you mean `path`"),
        ({"kind": "local", "path": "x", "license": "x", "document": "novel"}, "document"),
    ],
)
def test_a_bad_inline_source_says_what_is_wrong(entry: dict[str, str], said: str) -> None:
    with pytest.raises(LabError, match=said):
        resolve_source(entry)
