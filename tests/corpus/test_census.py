from collections.abc import Callable

import pytest

from llmlab.artifacts.documents import Document
from llmlab.corpus.census import count_documents, count_outcomes, distinct_ngrams
from llmlab.corpus.outcome import Dropped, Kept

Make = Callable[..., Document]


def test_documents(make: Make) -> None:
    documents = [
        make("abc", group="1"),
        make("文字", lang="chinese", kind="verse", license="MIT"),
        make("d", group="1"),
    ]
    counts = count_documents(documents)
    assert (counts["documents"], counts["characters"], counts["bytes"], counts["groups"]) == (3, 6, 10, 2)
    assert counts["by_lang"]["english"] == {"documents": 2, "characters": 4, "bytes": 4}
    assert list(counts["by_kind"]) == ["prose", "verse"]
    assert counts["by_license"]["MIT"]["bytes"] == 6
    assert sum(part["bytes"] for part in counts["by_source"].values()) == counts["bytes"]


def test_outcomes(make: Make) -> None:
    outcomes = [
        Kept(make("a")),
        Dropped(make("b"), "clean", "too short"),
        Dropped(make("c"), "clean", "too short"),
        Dropped(make("d"), "clean", "broken method", fragment=True),
        Dropped(make("e"), "clean", "repeated lines"),
        Kept(make("f"), part=1),
        Kept(make("g"), part=2),
    ]
    assert count_outcomes(outcomes) == {
        "in": 5,
        "kept": 3,
        "dropped": 3,
        "reasons": {"repeated lines": 1, "too short": 2},
        "fragments": {"broken method": 1},
        "by_source": {"s": {"repeated lines": 1, "too short": 2}},
    }


def test_nothing() -> None:
    assert count_documents([])["documents"] == 0
    assert count_outcomes([])["in"] == 0


def test_distinct_ngrams() -> None:
    assert distinct_ngrams(["a b a b"], 1, "word") == 0.5
    assert distinct_ngrams(["a b a b"], 2, "word") == pytest.approx(2 / 3)
    assert distinct_ngrams(["A b", "a B"], 2, "word") == 0.5
    assert distinct_ngrams(["好好，学习"], 1, "char") == 0.75
    assert distinct_ngrams(["a"], 2, "word") == 0.0
    assert distinct_ngrams([], 1, "word") == 0.0
