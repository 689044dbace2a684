import json
import os
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

LINES = '{"id": 1, "dialect": "gnu", "source": "foo ^ 1"}\n{"id": 2, "dialect": "gnu", "source": "foo ^ 1 +"}\n'
VERDICTS = [
    {"id": 1, "valid": True, "error": None},
    {"id": 2, "valid": False, "error": "line 1: expected an operand, found the end of the text"},
]


def parsed(text: str) -> list[object]:
    return [json.loads(line) for line in text.splitlines()]


def test_check_prints_a_verdict_a_line(works: Callable[..., str], tmp_path: Path) -> None:
    methods = tmp_path / "methods.jsonl"
    methods.write_text(LINES, encoding="utf-8")
    assert parsed(works("smalltalk", "check", str(methods))) == VERDICTS


def test_check_writes_a_file(works: Callable[..., str], tmp_path: Path) -> None:
    methods, out = tmp_path / "methods.jsonl", tmp_path / "out" / "verdicts.jsonl"
    methods.write_text(LINES, encoding="utf-8")
    assert works("smalltalk", "check", str(methods), "--out", str(out), "--workers", "1") == ""
    assert parsed(out.read_text(encoding="utf-8")) == VERDICTS


def test_a_bad_line_leaves_no_half_file(fails: Callable[..., str], tmp_path: Path) -> None:
    methods, out = tmp_path / "methods.jsonl", tmp_path / "verdicts.jsonl"
    methods.write_text(LINES + "nonsense\n", encoding="utf-8")
    text = fails("smalltalk", "check", str(methods), "--out", str(out))
    assert f"{methods}, line 3 is not JSON" in text
    assert "write one object a line" in text
    assert not out.exists()


def test_a_missing_file_is_named(fails: Callable[..., str], tmp_path: Path) -> None:
    assert "nowhere.jsonl" in fails("smalltalk", "check", str(tmp_path / "nowhere.jsonl"))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every file's name is text")
def test_a_file_whose_name_is_no_text_is_read_and_refused(works: Callable[..., str], tmp_path: Path) -> None:
    sources, refused = tmp_path / "sources", tmp_path / "refused.tsv"
    sources.mkdir()
    (sources / os.fsdecode(b"caf\xe9.st")).write_text("!Foo methodsFor: 'x'!\nbar ^ 1! !\n", encoding="utf-8")
    (sources / os.fsdecode(b"caf\xe9.txt")).write_bytes(b"")
    (record,) = parsed(works("smalltalk", "extract", str(sources), "--refused", str(refused)))
    assert isinstance(record, dict)
    assert os.fsencode(record["path"]) == b"caf\xe9.st"
    assert refused.read_text(encoding="utf-8").startswith("caf\\udce9.txt\tempty file")


def test_an_archive_cut_short_is_named(fails: Callable[..., str], tmp_path: Path) -> None:
    archive = tmp_path / "cut.tar.gz"
    with tarfile.open(archive, "w:gz") as members:
        members.add(__file__, "a.st")
    archive.write_bytes(archive.read_bytes()[:60])
    assert "broken archive" in fails("smalltalk", "extract", str(archive))


def test_the_group_alone_shows_its_help(works: Callable[..., str]) -> None:
    shown = " ".join(works("smalltalk").split())
    assert "check" in shown
    assert "lab smalltalk extract" in shown
