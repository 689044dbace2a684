from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document, write_documents
from llmlab.corpus.texts import texts_by_language


@pytest.fixture
def path(make: Callable[..., Document], tmp_path: Path) -> Path:
    documents = [
        make("A fox."),
        make("河水很清", "chinese"),
        make("The sea."),
        make("鱼", "chinese"),
        make("Bread."),
        make("x", "german"),
    ]
    write_documents(tmp_path / "train.parquet", documents)
    return tmp_path / "train.parquet"


def test_texts_come_in_file_order_by_language(path: Path) -> None:
    assert texts_by_language(path, ["chinese", "english", "smalltalk"], 1000) == {
        "chinese": ["河水很清", "鱼"],
        "english": ["A fox.", "The sea.", "Bread."],
        "smalltalk": [],
    }


@pytest.mark.parametrize(
    ("limit", "english", "chinese"),
    [(1, 1, 1), (6, 1, 1), (7, 2, 1), (12, 2, 1), (13, 2, 2), (14, 2, 2), (15, 3, 2)],
)
def test_the_limit_is_in_bytes_of_each_language(path: Path, limit: int, english: int, chinese: int) -> None:
    """A text goes in whole as long as the ones before it are below the limit; four Chinese characters are 12 bytes."""
    texts = texts_by_language(path, ["english", "chinese"], limit)
    assert (len(texts["english"]), len(texts["chinese"])) == (english, chinese)
