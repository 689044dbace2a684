import dataclasses
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmlab.artifacts.documents import (
    KINDS,
    Document,
    document_id,
    make_document,
    read_documents,
    read_rows,
    write_documents,
    write_rows,
)


def documents(count):
    return [
        make_document(
            lang="english",
            kind=KINDS[n % 4],
            text=f"text {n} \0 中 🙂\r\n",
            source="s",
            group=f"g{n}",
            meta={"b": n, "a": 1},
        )
        for n in range(count)
    ]


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "d.parquet"
    written = documents(5000)  # more than one row group
    assert write_documents(path, iter(written)) == 5000
    assert list(read_documents(path, "clean")) == written


def test_a_row_group_is_bounded_by_characters_too(tmp_path, monkeypatch):
    """What is held while writing and reading: books are not waited for by the thousand."""
    monkeypatch.setattr("llmlab.artifacts.documents._CHARACTERS_PER_GROUP", 1000)
    monkeypatch.setattr("llmlab.artifacts.documents._ROWS_READ", 3)
    path = tmp_path / "d.parquet"
    rows = [{"a": str(number), "b": "x" * 90} for number in range(50)]
    assert write_rows(path, ["a", "b"], iter(rows)) == 50
    file = pq.ParquetFile(path)
    sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    assert sizes == [11, 11, 11, 11, 6]
    assert list(read_rows(path, "clean")) == rows


def test_no_document_is_a_file_too(tmp_path):
    assert write_documents(tmp_path / "d.parquet", []) == 0
    assert list(read_documents(tmp_path / "d.parquet", "clean")) == []


def test_equal_input_gives_equal_bytes(tmp_path):
    for name in ("a", "b"):
        write_documents(tmp_path / name, documents(100))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_id_is_of_language_and_text_alone():
    assert document_id("english", "a") == document_id("english", "\n a ")
    assert document_id("english", "a") != document_id("chinese", "a")
    assert len(document_id("english", "\ud800")) == 16


def test_meta_is_json_in_a_fixed_order():
    made = make_document(lang="l", kind="code", text="t", source="s", group="g", meta={"b": 1, "a": "中"}, path="p")
    assert made.meta == '{"a": "中", "b": 1}'
    assert json.loads(made.meta)["a"] == "中"
    assert made.path == "p"
    assert dataclasses.replace(made, path="q").id == made.id


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="poem"):
        make_document(lang="l", kind="poem", text="t", source="s", group="g")


def test_missing_broken_and_other_versions_name_file_and_stage(tmp_path, refuses):
    path = tmp_path / "d.parquet"
    refuses(["d.parquet", "missing", "dvc repro clean"], lambda: list(read_documents(path, "clean")))
    write_documents(path, documents(3))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refuses(["d.parquet", "dvc repro -f clean"], lambda: list(read_documents(path, "clean")))
    schema = pa.schema([("a", pa.string())], metadata={b"llmlab.version": b"99"})
    pq.write_table(pa.table({"a": ["x"]}, schema=schema), path)
    refuses(["d.parquet", "99", "dvc repro -f clean"], lambda: list(read_rows(path, "clean")))
    pq.write_table(pa.table({"a": ["x"]}), path)
    refuses(["d.parquet", "none"], lambda: list(read_rows(path, "clean")))


def test_a_generator_that_fails_halfway_leaves_nothing(tmp_path):
    def rows():
        for number in range(10_000):
            yield {"a": str(number)}
        raise RuntimeError("source broke")

    with pytest.raises(RuntimeError, match="source broke"):
        write_rows(tmp_path / "d.parquet", ["a"], rows())
    assert list(tmp_path.iterdir()) == []


def test_documents_are_values():
    with pytest.raises(dataclasses.FrozenInstanceError):
        documents(1)[0].text = "other"  # type: ignore[misc]
    assert isinstance(documents(1)[0], Document)
