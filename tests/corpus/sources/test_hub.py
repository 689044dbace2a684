import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmlab.artifacts.errors import LabError
from llmlab.corpus.sources import hub
from llmlab.corpus.sources.base import ReadContext, Source

SOURCE = Source(name="rows", kind="hub", document="prose", license="MIT", path="rows", group_by="row")
ROWS = [{"text": f"Story number {n}. 第{n}篇", "extra": n} for n in range(50)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Data files with 50 rows; the real library streams them, offline."""
    (tmp_path / "rows").mkdir()
    return tmp_path / "rows"


def write_parquet(folder: Path, rows: list[dict[str, Any]] = ROWS) -> None:
    pq.write_table(pa.Table.from_pylist(rows), folder / "train.parquet", row_group_size=7)


def write_json(folder: Path, rows: list[dict[str, Any]] = ROWS) -> None:
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize("write", [write_parquet, write_json])
def test_rows_are_streamed_in_order(write: Any, folder: Path, context: ReadContext) -> None:
    write(folder)
    found = list(hub.read(SOURCE, context))
    assert [d.text for d in found] == [row["text"] for row in ROWS]
    assert len({d.group for d in found}) == 50
    assert {d.path for d in found} == {"rows/default/train"}
    first = list(hub.read(replace(SOURCE, max_rows=5, columns=["text"]), context))
    assert first == found[:5]


def test_columns_are_chosen_and_a_wrong_one_is_named(folder: Path, context: ReadContext) -> None:
    write_parquet(folder)
    with pytest.raises(LabError, match="nope"):
        list(hub.read(replace(SOURCE, columns=["nope"]), context))
    with pytest.raises(LabError, match="no text in `text`"):
        list(hub.read(replace(SOURCE, columns=["extra"]), context))


def test_conversations_and_empty_rows(folder: Path, context: ReadContext) -> None:
    messages = [{"role": "user", "content": "Hi?"}, {"role": "assistant", "content": "Hello."}]
    write_parquet(folder, [{"messages": messages}])
    (document,) = hub.read(replace(SOURCE, document="dialogue"), context)
    assert "Hello." in document.text
    (folder / "train.parquet").unlink()
    write_json(folder, [{"text": "a"}, {"text": " "}])
    assert len(list(hub.read(SOURCE, context))) == 1
    assert context.skipped == {"unusable row: empty": 1}


def test_a_broken_file_is_an_error_and_not_an_end(folder: Path, context: ReadContext) -> None:
    write_parquet(folder)
    data = (folder / "train.parquet").read_bytes()
    (folder / "train.parquet").write_bytes(data[: len(data) // 2])
    with pytest.raises(LabError, match="could not be streamed"):
        list(hub.read(SOURCE, context))
    (folder / "train.parquet").unlink()
    (folder / "train.jsonl").write_text('{"text": "a"}\n{"text": \n', encoding="utf-8")
    with pytest.raises(LabError, match="could not be streamed"):
        list(hub.read(SOURCE, context))


def test_a_wrong_split_or_folder_is_said(folder: Path, context: ReadContext) -> None:
    write_parquet(folder)
    with pytest.raises(LabError, match="could not be streamed"):
        list(hub.read(replace(SOURCE, dataset_split="tset"), context))
    with pytest.raises(LabError, match="no folder at"):
        list(hub.read(replace(SOURCE, path="elsewhere"), context))


@pytest.mark.parametrize("revision", ["", "main", "f54c09f", "F" * 40])
def test_a_public_dataset_needs_a_pinned_revision(revision: str, context: ReadContext) -> None:
    with pytest.raises(LabError, match="pinned `revision`"):
        list(hub.read(replace(SOURCE, dataset="owner/name", revision=revision), context))


@pytest.mark.parametrize("dataset", ["../x", "a", "a/b/c", "https://a/b", "a b/c"])
def test_a_name_is_a_name(dataset: str, context: ReadContext) -> None:
    with pytest.raises(LabError, match="no public name"):
        list(hub.read(replace(SOURCE, dataset=dataset, revision="a" * 40), context))


def test_what_the_library_is_asked_for(context: ReadContext, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def refuse(*given: Any, **named: Any) -> None:
        asked.append((given, named))
        raise ConnectionError("offline")

    monkeypatch.setattr("datasets.load_dataset", refuse)
    source = replace(SOURCE, dataset="owner/name", revision="a" * 40, subset="small", path="")
    with pytest.raises(LabError, match="offline"):
        list(hub.read(source, context))
    ((given, named),) = asked
    assert given == ("owner/name", "small")
    assert (named["revision"], named["split"], named["streaming"]) == ("a" * 40, "train", True)
