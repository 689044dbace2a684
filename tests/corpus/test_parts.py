import random
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document
from llmlab.corpus import parts
from llmlab.corpus.parts import part_of, read_part, write_parts

Make = Callable[..., Document]


@pytest.mark.parametrize("count", [1, 3, 64])
def test_the_parts_in_order_are_all_documents_by_id(
    make: Make, tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "_BUFFER", 7)
    documents = [make(f"text {number}") for number in range(300)]
    write_parts(documents, tmp_path / "a", count)
    rows = [row for part in range(count) for row in read_part(tmp_path / "a", part)]
    assert [row["id"] for row in rows] == sorted(document.id for document in documents)
    assert {row["id"]: row["text"] for row in rows} == {document.id: document.text for document in documents}
    random.Random(0).shuffle(documents)
    write_parts(documents, tmp_path / "b", count)
    assert [row for part in range(count) for row in read_part(tmp_path / "b", part)] == rows


def test_the_borders_of_parts() -> None:
    assert part_of("0" * 16, 10) == 0
    assert part_of("f" * 16, 10) == 9
    assert part_of("8000000000000000", 2) == 1
    assert part_of("7fffffffffffffff", 2) == 0
