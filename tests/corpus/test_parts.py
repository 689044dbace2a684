import random
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from llmlab.artifacts.documents import Document
from llmlab.corpus import parts
from llmlab.corpus.parts import part_of, part_path, read_part, write_parts

Make = Callable[..., Document]


@pytest.mark.parametrize("count", [1, 3, 64])
def test_the_parts_in_order_are_all_documents_by_id(
    make: Make, tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_WAITING", 7 * 510)
    documents = [make(f"text {number}") for number in range(300)]
    write_parts(documents, tmp_path / "a", count)
    rows = [row for part in range(count) for row in read_part(tmp_path / "a", part)]
    assert [row["id"] for row in rows] == sorted(document.id for document in documents)
    assert {row["id"]: row["text"] for row in rows} == {document.id: document.text for document in documents}
    random.Random(0).shuffle(documents)
    write_parts(documents, tmp_path / "b", count)
    assert [row for part in range(count) for row in read_part(tmp_path / "b", part)] == rows


def test_long_documents_do_not_wait_for_many_more(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held counts characters: a part of books is written before it has so and so many of them."""
    monkeypatch.setattr(parts, "_WAITING", 10_000)
    write_parts((make(f"{number} " * 1000) for number in range(10, 20)), tmp_path, 2)
    groups = [pq.ParquetFile(part_path(tmp_path, part)).num_row_groups for part in range(2)]
    assert sum(groups) >= 3
    assert sum(1 for part in range(2) for _ in read_part(tmp_path, part)) == 10


def test_the_borders_of_parts() -> None:
    assert part_of("0" * 16, 10) == 0
    assert part_of("f" * 16, 10) == 9
    assert part_of("8000000000000000", 2) == 1
    assert part_of("7fffffffffffffff", 2) == 0
