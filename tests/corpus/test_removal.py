from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.corpus.removal import REASON, Removals, add_entries, leave_out, read_removals, withhold


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "removed.txt"


def listed(path: Path, *lines: str) -> Removals:
    path.write_text("# people asked\n" + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return read_removals(path)


def test_repositories(path: Path, make: Callable[..., Document]) -> None:
    removals = listed(path, "repository Owner/Name  # by mail")
    assert removals.covers(make("x", group="owner/name"))
    assert removals.covers(make("x", group="owner/name/src/a.st"))
    assert removals.covers(make("x", url="https://github.com/owner/name.git"))
    assert removals.covers(make("x", url="git@host.example:owner/name"))
    assert not removals.covers(make("x", group="owner/name2", url="https://github.com/owner/other"))
    assert listed(path, "repository s").covers(make("x"))


@pytest.mark.parametrize(
    "more",
    [
        {"group": "anna-reed"},
        {"group": "poems/Anna Reed"},
        {"text": "A title\nby Anna Reed\n\nThe story."},
        {"text": '"Copyright (c) 2019-2021 Anna Reed and others. All rights reserved."\nObject subclass: #Foo'},
        {"text": "@author: Ben, Anna Reed <anna@example.org>\ncode"},
        {"meta": {"author": "Anna Reed"}},
        {"meta": {"authors": ["Ben", "ANNA  REED"]}},
    ],
)
def test_authors(path: Path, make: Callable[..., Document], more: dict[str, str]) -> None:
    document = make(more.pop("text", "x"), **more)
    assert listed(path, "author Anna Reed").covers(document)
    assert not listed(path, "author Anna").covers(document)
    assert not listed(path, "author Anna Reedman").covers(document)


def test_chinese_authors(path: Path, make: Callable[..., Document]) -> None:
    assert listed(path, "author 李清").covers(make("标题\n作者：李清\n\n正文。", lang="chinese"))
    assert not listed(path, "author 李清").covers(make("标题\n作者：李清照\n\n正文里有李清。", lang="chinese"))


def test_ids(path: Path, make: Callable[..., Document]) -> None:
    document = make("a text")
    assert listed(path, f"id {document.id}").covers(document)
    assert not listed(path, f"id {document.id}").covers(make("another"))


def test_hidden_names_work_like_open_ones(path: Path, make: Callable[..., Document]) -> None:
    (line,) = add_entries(path, [("author", "Anna Reed")], hide=True)
    assert "anna" not in path.read_text(encoding="utf-8").lower()
    assert line.startswith("author sha256:")
    assert read_removals(path).covers(make("x", group="anna-reed"))
    assert add_entries(path, [("author", "anna reed")]) == []


def test_adding_keeps_what_is_there_and_adds_once(path: Path) -> None:
    listed(path, "repository a/b")
    before = path.read_text(encoding="utf-8")
    assert add_entries(path, [("repository", "A/B"), ("author", "Ben"), ("author", "ben")]) == ["author ben"]
    assert path.read_text(encoding="utf-8") == before + "author ben\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [("person Ann", "'person' is not one of"), ("id 123", "no id of a document"), ("author", "has no name")],
)
def test_a_line_that_is_no_entry_is_refused(path: Path, line: str, said: str) -> None:
    with pytest.raises(LabError, match=f"removed.txt:2: .*{said}"):
        listed(path, line)


def test_a_missing_list_is_refused(path: Path) -> None:
    with pytest.raises(LabError, match="is missing"):
        read_removals(path)


def test_leaving_out_counts_by_source(path: Path, make: Callable[..., Document]) -> None:
    documents = [make("a", group="x"), make("b", group="y")]
    counts: Counter[str] = Counter()
    assert list(leave_out(documents, listed(path, "repository x"), counts)) == documents[1:]
    assert counts == {"s": 1}
    assert list(leave_out(documents, Removals(), counts)) == documents


def test_of_a_withheld_document_nothing_is_kept_aside(path: Path, make: Callable[..., Document]) -> None:
    mine, other = make("secret words", group="anna-reed", path="anna/1.txt"), make("fine")
    outcomes = [
        Kept(mine),
        Kept(other),
        Dropped(mine, "clean", "too short"),
        Dropped(mine, "clean", "x", fragment=True),
    ]
    found = list(withhold(outcomes, listed(path, f"id {mine.id}")))
    assert found[1] == outcomes[1]
    gone = [each for each in found if isinstance(each, Dropped)]
    assert [(each.reason, each.fragment) for each in gone] == [(REASON, False), (REASON, False), (REASON, True)]
    assert all("anna" not in repr(each) and "secret" not in repr(each) and mine.id not in repr(each) for each in gone)
