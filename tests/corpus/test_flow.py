from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.flow import Flow, refuse_empty
from llmlab.corpus.outcome import Dropped, Kept, open_dropped


@pytest.fixture
def documents(make: Callable[..., Document]) -> list[Document]:
    return [make("A fox."), make("河水"), make("The sea."), make("\N{BULLET}"), make("从前有", "chinese")]


def nowhere(_dropped: Dropped) -> None:
    """For tests that are about the counts."""


def test_every_document_is_counted_on_its_way_in_and_out(documents: list[Document]) -> None:
    aside: list[Dropped] = []
    flow = Flow(["english", "chinese", "smalltalk"], aside.append)
    outcomes = [
        Kept(documents[0]),
        Dropped(documents[1], "clean", "too short"),
        Kept(replace(documents[2], text="The sea was there.")),
        Dropped(documents[3], "clean", "symbols", "only one"),
        Kept(documents[4]),
    ]
    assert list(flow.enter(documents)) == documents
    assert list(flow.leave(outcomes)) == [item.document for item in outcomes if isinstance(item, Kept)]
    assert aside == [outcomes[1], outcomes[3]]
    assert flow.report() == {
        "english": {
            "documents_in": 4,
            "documents_out": 2,
            "bytes_in": 6 + 6 + 8 + 3,
            "bytes_out": 6 + 18,
            "dropped": {"symbols": 1, "too short": 1},
            "fragments_dropped": {},
            "by_source": {"s": {"documents_in": 4, "documents_out": 2, "dropped": {"symbols": 1, "too short": 1}}},
        },
        "chinese": {
            "documents_in": 1,
            "documents_out": 1,
            "bytes_in": 9,
            "bytes_out": 9,
            "dropped": {},
            "fragments_dropped": {},
            "by_source": {"s": {"documents_in": 1, "documents_out": 1, "dropped": {}}},
        },
        "smalltalk": {
            "documents_in": 0,
            "documents_out": 0,
            "bytes_in": 0,
            "bytes_out": 0,
            "dropped": {},
            "fragments_dropped": {},
            "by_source": {},
        },
    }


def test_reasons_are_counted_and_sorted(documents: list[Document]) -> None:
    flow = Flow(["english"], nowhere)
    english = [item for item in documents if item.lang == "english"]
    list(flow.enter(english))
    reasons = ["z", "a", "z", "m"]
    list(flow.leave(Dropped(item, "s", reason) for item, reason in zip(english, reasons, strict=True)))
    assert list(flow.report()["english"]["dropped"].items()) == [("a", 1), ("m", 1), ("z", 2)]


def test_a_fragment_is_kept_aside_and_is_no_document(documents: list[Document]) -> None:
    aside: list[Dropped] = []
    flow = Flow(["english"], aside.append)
    list(flow.enter(documents[:1]))
    outcomes = [Dropped(documents[2], "clean", "broken method", fragment=True), Kept(documents[0])]
    assert list(flow.leave(outcomes)) == documents[:1]
    report = flow.report()["english"]
    assert report["fragments_dropped"] == {"broken method": 1}
    assert (report["documents_in"], report["documents_out"], report["dropped"]) == (1, 1, {})
    assert aside == outcomes[:1]


@pytest.mark.parametrize("left", [0, 2])
def test_a_document_lost_or_made_up_on_the_way_is_a_bug_that_shows(documents: list[Document], left: int) -> None:
    flow = Flow(["english"], nowhere)
    list(flow.enter(documents[:1]))
    list(flow.leave([Kept(documents[0])] * left))
    with pytest.raises(AssertionError, match="english: 1 in"):
        flow.report()


def test_documents_stream_one_by_one(documents: list[Document]) -> None:
    """Nothing is read ahead, so a corpus need not fit into memory."""
    flow = Flow(["english", "chinese"], nowhere)
    read = []

    def source() -> object:
        for item in documents:
            read.append(item)
            yield item

    out = flow.leave(Kept(item) for item in flow.enter(source()))  # type: ignore[arg-type]
    assert read == []
    assert next(out) == documents[0]
    assert read == documents[:1]


def test_what_is_dropped_is_set_aside_at_once(documents: list[Document]) -> None:
    """In the order of the outcomes, before the next one is asked for: nothing collects here."""
    log: list[object] = []
    flow = Flow(["english", "chinese"], log.append)

    def outcomes() -> Iterator[Kept | Dropped]:
        for number, document in enumerate(flow.enter(documents)):
            log.append(number)
            yield Dropped(document, "clean", "x") if number % 2 else Kept(document)

    list(flow.leave(outcomes()))
    assert [each if isinstance(each, int) else each.document for each in log] == [
        *(0, 1, documents[1], 2, 3, documents[3], 4)
    ]


def test_a_stage_that_fails_leaves_no_file_of_what_it_dropped(documents: list[Document], tmp_path: Path) -> None:
    path = tmp_path / "dropped.parquet"
    path.write_bytes(b"of an earlier run")

    def stage() -> None:
        with open_dropped(path) as set_aside:
            flow = Flow(["english"], set_aside)
            list(flow.leave(Dropped(each, "clean", "x") for each in flow.enter([*documents[:3], *documents])))

    with pytest.raises(KeyError, match="chinese"):
        stage()
    assert [each.name for each in tmp_path.iterdir()] == ["dropped.parquet"]
    assert path.read_bytes() == b"of an earlier run"


def test_an_empty_language_is_refused_with_the_remedy() -> None:
    refuse_empty({"english": 1, "chinese": 2}, "clean", "loosen it")
    with pytest.raises(LabError, match="no document of language `chinese` is left after clean") as caught:
        refuse_empty({"english": 1, "chinese": 0, "smalltalk": 0}, "clean", "loosen it")
    assert caught.value.remedy == "loosen it"


def test_parts_of_one_document_are_more_documents(documents: list[Document]) -> None:
    flow = Flow(["english"], nowhere)
    list(flow.enter(documents[:1]))
    list(
        flow.leave(
            [Kept(documents[0], part=1), Dropped(documents[0], "clean", "x", part=2), Kept(documents[0], part=3)]
        )
    )
    report = flow.report()["english"]
    assert (report["documents_in"], report["documents_out"], report["dropped"]) == (1, 2, {"x": 1})
    assert report["further_parts"] == 2
