import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document, document_id, make_document, read_documents
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.corpus.code import read_code
from llmlab.corpus.minhash import DedupeConfig, find_clusters
from llmlab.corpus.outcome import Kept
from llmlab.corpus.shingles import hash_shingles, similarity
from llmlab.corpus.split import SETS, SplitConfig, assign, set_of, set_path, split, write_sets
from llmlab.corpus.winners import keep_one

Make = Callable[..., Document]
CONFIG = SplitConfig(val=0.1, test=0.1, salt="s")


def test_shares_hold_over_many_groups() -> None:
    counts = Counter(assign(f"group {number}", CONFIG, "english") for number in range(5000))
    assert set(counts) == set(SETS)
    assert 400 < counts["val"] < 600
    assert 400 < counts["test"] < 600


def test_the_set_depends_on_salt_language_and_group_only() -> None:
    groups = [f"group {number}" for number in range(200)]
    here = [assign(group, CONFIG, "english") for group in groups]
    assert here == [assign(group, replace(CONFIG, method="positional"), "english") for group in groups]
    assert here != [assign(group, replace(CONFIG, salt="t"), "english") for group in groups]
    assert here != [assign(group, CONFIG, "chinese") for group in groups]


def test_known_assignments() -> None:
    """A change here deals every corpus anew: do not change it in passing."""
    config = SplitConfig(val=0.2, test=0.2)
    found = " ".join(assign(f"g{number}", config, "english") for number in range(12))
    assert found == "train val test train test train val train train train train train"


def test_raising_a_share_moves_groups_into_it_only() -> None:
    wider = replace(CONFIG, val=0.3)
    for number in range(500):
        before, after = (assign(f"g{number}", config) for config in (CONFIG, wider))
        assert before == after or (before, after) == ("train", "val")


def test_other_documents_do_not_matter(make: Make) -> None:
    documents = [make(f"text {number}", group=f"g{number // 3}") for number in range(90)]
    sets = {document.id: name for name, document in split(lambda: documents, CONFIG)}
    assert [document for _, document in split(lambda: documents, CONFIG)] == documents
    for name, document in split(lambda: reversed(documents[::7]), CONFIG):
        assert sets[document.id] == name == set_of(CONFIG)(document)
    by_group: dict[str, set[str]] = {}
    for document in documents:
        by_group.setdefault(document.group, set()).add(sets[document.id])
    assert all(len(found) == 1 for found in by_group.values())


def test_positional_cuts_one_text_by_characters(make: Make) -> None:
    text = "".join(chr(0x4E00 + number) for number in range(1000))
    config = SplitConfig(method="positional", val=0.1, test=0)
    parts = list(split(lambda: [make(text)], config))
    assert [(name, len(document.text)) for name, document in parts] == [("train", 900), ("val", 100)]
    assert "".join(document.text for _, document in parts) == text
    assert len({document.id for _, document in parts}) == 2


def test_positional_as_in_nanogpt(make: Make) -> None:
    """data[:int(n * 0.9)] and the rest, on the length of tiny Shakespeare."""
    length = 1_115_394
    parts = list(split(lambda: [make("x" * length)], SplitConfig(method="positional", val=0.1, test=0)))
    assert [len(document.text) for _, document in parts] == [int(length * 0.9), length - int(length * 0.9)]


def test_positional_over_several_documents_and_languages(make: Make) -> None:
    documents = [make("a" * 60), make("b" * 40), make("c" * 100, lang="chinese")]
    config = SplitConfig(method="positional", val=0.25, test=0.25)
    parts = [(name, document.lang, document.text) for name, document in split(lambda: documents, config)]
    assert parts == [
        ("train", "chinese", "c" * 50),
        ("val", "chinese", "c" * 25),
        ("test", "chinese", "c" * 25),
        ("train", "english", "a" * 50),
        ("val", "english", "a" * 10),
        ("val", "english", "b" * 15),
        ("test", "english", "b" * 25),
    ]
    assert set_of(config)(documents[0]) == "train"


def test_an_uncut_document_is_itself(make: Make) -> None:
    document = make("whole")
    assert list(split(lambda: [document], SplitConfig(method="positional", val=0, test=0))) == [("train", document)]
    assert list(split(lambda: [document], SplitConfig(val=0, test=0))) == [("train", document)]
    assert list(split(list, SplitConfig(method="positional"))) == []


def test_sets_are_written_in_streams(make: Make, tmp_path: Path) -> None:
    """Each in a file of its own, an empty one too, and the documents come one at a time."""
    documents = [make(f"text {number}", group=f"g{number // 3}") for number in range(90)]
    dealt = list(split(lambda: documents, CONFIG))
    open_files: set[str] = set()

    def watched() -> Iterator[tuple[str, Document]]:
        for name, document in dealt:
            open_files.update(path.name for path in tmp_path.iterdir())
            yield name, document

    counts = write_sets(tmp_path, watched())
    assert open_files == {".train.parquet.writing", ".val.parquet.writing", ".test.parquet.writing"}
    for name in SETS:
        found = list(read_documents(set_path(tmp_path, name), "split"))
        assert found == [document for set_name, document in dealt if set_name == name]
        assert counts[name] == len(found)
    assert write_sets(tmp_path, []) == dict.fromkeys(SETS, 0)
    assert list(read_documents(set_path(tmp_path, "test"), "split")) == []


@pytest.mark.parametrize("values", [{"val": 0.5, "test": 0.5}, {"val": -0.1}, {"test": 1}, {"method": "random"}])
def test_shares_that_leave_nothing_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(LabError):
        build(SplitConfig, values, "params.yaml: split")


def classes() -> list[Document]:
    """Real classes as stage `clean` leaves them, by package."""
    found = []
    for path in sorted((Path(__file__).parents[2] / "data/bundled/smalltalk").glob("*/*.st"))[::6]:
        raw = make_document(
            lang="smalltalk",
            kind="code",
            text=path.read_text(encoding="utf-8"),
            source="here",
            group=path.parent.name,
        )
        found += [outcome.document for outcome in read_code(raw) if isinstance(outcome, Kept)]
    return found


def copy(document: Document, owner: str, text: str) -> Document:
    return replace(document, text=text, group=f"{owner}/{document.group}", id=document_id(document.lang, text))


def fork(document: Document, number: int) -> Document:
    """The same class in another repository: untouched, or with a method more and a word changed."""
    if number % 3 == 0:
        return copy(document, "fork", document.text)
    more = f"{document.text}\n\nExtra >> answer{number} [\n\t^ {number}\n]"
    return copy(document, "fork", more.replace("self", "super", 1))


def port(document: Document, number: int) -> Document:
    """As another dialect writes it: the old assignment, other comments, other layout."""
    text = re.sub(r'^\t"[^"]*"\n', '\t"Ported."\n', document.text, flags=re.M).replace(":=", "_")
    return copy(document, "port", text.replace("\t", "  "))


@pytest.mark.parametrize("salt", ["a", "b", "c"])
def test_forks_and_ports_are_in_one_set_only(salt: str, tmp_path: Path) -> None:
    """No exact and no near duplicate across sets, compared pair by pair; the set is the group's own; test wins."""
    originals = classes()
    assert len(originals) > 40
    forks = [fork(document, number) for number, document in enumerate(originals)]
    ports = [port(document, number) for number, document in enumerate(originals)]
    documents = [*ports, *originals, *forks]
    config, dedupe = SplitConfig(val=0.25, test=0.25, salt=salt), DedupeConfig()
    clusters = find_clusters(lambda: iter(documents), dedupe, tmp_path)
    outcomes = keep_one(lambda: iter(documents), iter(documents), clusters, set_of(config))
    kept = [outcome.document for outcome in outcomes if isinstance(outcome, Kept)]
    assert len(originals) * 0.9 < len(kept) < len(originals) * 1.1
    sets = {id(document): name for name, document in split(lambda: kept, config)}
    assert all(sets[id(document)] == assign(document.group, config, "smalltalk") for document in kept)
    hashes = [hash_shingles(each.text, "smalltalk", dedupe.shingle_code) for each in kept]
    for (a, first), (b, second) in combinations(zip(kept, hashes, strict=True), 2):
        assert sets[id(a)] == sets[id(b)] or similarity(first, second) < dedupe.threshold
    rank = {"test": 0, "val": 1, "train": 2}
    for family in zip(originals, forks, ports, strict=True):
        best = min(rank[assign(document.group, config, "smalltalk")] for document in family)
        cluster = {clusters[document.id] for document in family}
        assert len(cluster) == 1, "a fork or port was not seen"
        winners = [d for d in kept if clusters.get(d.id) in cluster]
        assert len(winners) == 1
        assert rank[sets[id(winners[0])]] <= best
