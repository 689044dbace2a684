from collections.abc import Callable
from pathlib import Path

from llmlab.artifacts.documents import Document
from llmlab.corpus.minhash import DedupeConfig, find_clusters
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.corpus.winners import keep_one

Make = Callable[..., Document]
WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()


def outcomes_of(
    documents: list[Document], clusters: dict[str, str], set_of: Callable[[Document], str] = lambda _: "train"
) -> list[Kept | Dropped]:
    outcomes = list(keep_one(lambda: iter(documents), iter(documents), clusters, set_of))
    assert [outcome.document for outcome in outcomes] == documents
    return outcomes


def clusters_of(documents: list[Document], work: Path) -> dict[str, str]:
    return find_clusters(lambda: iter(documents), DedupeConfig(), work)


def kept(documents: list[Document], clusters: dict[str, str], sets: dict[str, str]) -> list[Document]:
    outcomes = outcomes_of(documents, clusters, lambda d: sets[d.group])
    return [outcome.document for outcome in outcomes if isinstance(outcome, Kept)]


def test_without_clusters_everything_is_kept(make: Make) -> None:
    documents = [make("same text"), make("same text", path="elsewhere")]
    assert outcomes_of(documents, {}) == [Kept(document) for document in documents]


def test_test_wins_over_val_over_train_then_length_then_id(make: Make) -> None:
    a, b, c = (make(text, group=text) for text in ("one", "longer one", "longest one of all"))
    clusters = {d.id: "x" for d in (a, b, c)}
    assert kept([a, b, c], clusters, {"one": "test", "longer one": "val", "longest one of all": "train"}) == [a]
    assert kept([c, b, a], clusters, {"one": "train", "longer one": "val", "longest one of all": "train"}) == [b]
    assert kept([c, b, a], clusters, {"one": "val", "longer one": "val", "longest one of all": "val"}) == [c]
    d, e = sorted((make(text) for text in ("abc", "abd")), key=lambda d: d.id)
    assert kept([e, d], {d.id: "y", e.id: "y"}, {"g": "train"}) == [d]


def test_copies_of_one_text_from_two_places_leave_one(make: Make, tmp_path: Path) -> None:
    copies = [make("the same text", path=path, group=path) for path in ("b", "a")]
    clusters = clusters_of(copies, tmp_path)
    outcomes = outcomes_of(copies, clusters)
    assert outcomes[1] == Kept(copies[1])
    assert outcomes[0] == Dropped(copies[0], "dedupe", "exact duplicate", f"of {copies[1].id}")
    # The set decides before the path does.
    assert outcomes_of(copies, clusters, lambda d: "test" if d.group == "b" else "train")[0] == Kept(copies[0])


def test_a_near_duplicate_is_told_from_an_exact_one(make: Make, tmp_path: Path) -> None:
    text = " ".join(WORDS * 3)
    documents = [make(text), make(text + " end"), make(text.upper()), make((text + " end").title())]
    outcomes = outcomes_of(documents, clusters_of(documents, tmp_path))
    reasons = [outcome.reason if isinstance(outcome, Dropped) else "kept" for outcome in outcomes]
    ends = sorted(documents[1::2], key=lambda document: document.id)
    expected = {ends[0]: "kept", ends[1]: "exact duplicate"}
    assert reasons == ["near duplicate", expected[documents[1]], "near duplicate", expected[documents[3]]]
