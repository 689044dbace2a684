from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.corpus.split import SETS, SplitConfig, assign, set_of, split

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
    sets = {document.id: name for name, document in split(documents, CONFIG)}
    assert [document for _, document in split(documents, CONFIG)] == documents
    for name, document in split(reversed(documents[::7]), CONFIG):
        assert sets[document.id] == name == set_of(CONFIG)(document)
    by_group: dict[str, set[str]] = {}
    for document in documents:
        by_group.setdefault(document.group, set()).add(sets[document.id])
    assert all(len(found) == 1 for found in by_group.values())


def test_positional_cuts_one_text_by_characters(make: Make) -> None:
    text = "".join(chr(0x4E00 + number) for number in range(1000))
    config = SplitConfig(method="positional", val=0.1, test=0)
    parts = list(split([make(text)], config))
    assert [(name, len(document.text)) for name, document in parts] == [("train", 900), ("val", 100)]
    assert "".join(document.text for _, document in parts) == text
    assert len({document.id for _, document in parts}) == 2


def test_positional_as_in_nanogpt(make: Make) -> None:
    """data[:int(n * 0.9)] and the rest, on the length of tiny Shakespeare."""
    length = 1_115_394
    parts = list(split([make("x" * length)], SplitConfig(method="positional", val=0.1, test=0)))
    assert [len(document.text) for _, document in parts] == [int(length * 0.9), length - int(length * 0.9)]


def test_positional_over_several_documents_and_languages(make: Make) -> None:
    documents = [make("a" * 60), make("b" * 40), make("c" * 100, lang="chinese")]
    config = SplitConfig(method="positional", val=0.25, test=0.25)
    parts = [(name, document.lang, document.text) for name, document in split(documents, config)]
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
    assert list(split([document], SplitConfig(method="positional", val=0, test=0))) == [("train", document)]
    assert list(split([document], SplitConfig(val=0, test=0))) == [("train", document)]
    assert list(split([], SplitConfig(method="positional"))) == []


@pytest.mark.parametrize("values", [{"val": 0.5, "test": 0.5}, {"val": -0.1}, {"test": 1}, {"method": "random"}])
def test_shares_that_leave_nothing_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(LabError):
        build(SplitConfig, values, "params.yaml: split")
