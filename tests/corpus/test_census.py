import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from llmlab.artifacts.documents import Document
from llmlab.corpus.census import count_documents, count_outcomes, count_set, distinct_ngrams
from llmlab.corpus.outcome import Dropped, Kept

Make = Callable[..., Document]


@dataclass(frozen=True, kw_only=True, eq=False)
class Watched(Document):
    """A document that can be seen to go."""


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


def test_a_set_by_language(make: Make) -> None:
    documents = [make("a b a b", group="1"), make("A b, a B", group="2"), make("好好学习", lang="chinese")]
    nothing = {"documents": 0, "groups": 0, "bytes": 0, "distinct_2": 0.0, "distinct_3": 0.0}
    # Two different pairs of six, two different triples of four; four characters have three pairs and two triples.
    assert count_set(iter(documents), ["chinese", "english", "smalltalk"]) == {
        "chinese": {"documents": 1, "groups": 1, "bytes": 12, "distinct_2": 1.0, "distinct_3": 1.0},
        "english": {"documents": 2, "groups": 2, "bytes": 15, "distinct_2": round(2 / 6, 4), "distinct_3": 0.5},
        "smalltalk": nothing,
    }


def test_a_set_is_read_once_and_not_held(make: Make) -> None:
    alive: weakref.WeakSet[Document] = weakref.WeakSet()
    most = 0

    def documents() -> Iterator[Document]:
        nonlocal most
        for number in range(400):
            document = Watched(**vars(make(f"text number {number}")))
            alive.add(document)
            most = max(most, len(alive))
            yield document

    assert count_set(documents(), ["english"])["english"]["documents"] == 400
    # The first hundred tell the unit.
    assert most < 150
