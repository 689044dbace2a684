from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from llmlab.artifacts.errors import LabError
from llmlab.cli.source_list import SourceList

ODD = """\
# head
languages: [english]  # one
scrape:
  english:
    # why these
    sources:
      - a-source  # eol
      # mine, off:
      # - b-source

  # about chinese
  chinese:
    max_documents: 3
    sources: [x, y]   # flow

# about cleaning
clean:
  enabled: true
evaluate:
  sample_prompts:
    english: "One"  # eol

# last comment
"""
BLOCK = """\
languages:
- english
scrape:
  english:
    sources:
    - kind: local
      name: theirs
      path: x
      license: |
        many
        lines
    - {name: flowing, kind: local,
       path: y}
evaluate: {order: 5, sample_prompts: {english: One}}
"""
ENTRY = {"kind": "local", "name": "mine", "path": "data/own/mine", "license": "all: rights"}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def make(text: str) -> Path:
        path = tmp_path / "params.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return make


def test_add_and_remove_leave_every_other_byte(write: Callable[[str], Path]) -> None:
    path = write(ODD)
    for lang in ("english", "chinese", "german"):
        listed = SourceList(path)
        listed.add(lang, ENTRY, "Es war")
        listed.save()
        lines = path.read_text(encoding="utf-8").splitlines()
        assert [line for line in ODD.splitlines() if line not in lines and "[" not in line] == []
        assert yaml.safe_load(path.read_text(encoding="utf-8"))["scrape"][lang]["sources"][-1] == ENTRY
        listed = SourceList(path)
        found = listed.named("mine")
        assert found is not None
        assert found.lang == lang
        listed.remove(found)
        listed.save()
        before = yaml.safe_load(ODD)
        if lang == "chinese":
            # It had a section, but was not in use; now it has been used.
            before["languages"].append("chinese")
            before["evaluate"]["sample_prompts"]["chinese"] = "Es war"
        assert yaml.safe_load(path.read_text(encoding="utf-8")) == before
        if lang != "chinese":
            assert path.read_text(encoding="utf-8") == ODD
        path = write(ODD)


def test_flow_and_block_entries_are_told_apart(write: Callable[[str], Path]) -> None:
    path = write(BLOCK)
    for name in ("theirs", "flowing"):
        listed = SourceList(write(BLOCK))
        found = listed.named(name)
        assert found is not None
        listed.remove(found)
        listed.save()
        sources = yaml.safe_load(path.read_text(encoding="utf-8"))["scrape"]["english"]["sources"]
        assert [source["name"] for source in sources] == [{"theirs": "flowing", "flowing": "theirs"}[name]]


def test_a_layout_that_is_not_understood_changes_nothing(write: Callable[[str], Path]) -> None:
    path = write(BLOCK)
    with pytest.raises(LabError, match="block of `key: value` lines"):
        SourceList(path).add("german", ENTRY, "Es war")
    assert path.read_text(encoding="utf-8") == BLOCK


@pytest.mark.parametrize(
    "text", ["languages: [a]\n", "languages: [a]\nscrape: 3\nevaluate: {}\n", ODD.replace("[english]", "[]")]
)
def test_a_file_without_the_lists(write: Callable[[str], Path], text: str) -> None:
    with pytest.raises(LabError):
        SourceList(write(text))


def test_the_last_language_stays(write: Callable[[str], Path]) -> None:
    text = "languages: [a]\nscrape:\n  a:\n    sources:\n      - {name: only}\nevaluate:\n  sample_prompts:\n    a: x\n"
    listed = SourceList(write(text))
    found = listed.named("only")
    assert found is not None
    with pytest.raises(LabError, match="no language is left"):
        listed.remove(found)
