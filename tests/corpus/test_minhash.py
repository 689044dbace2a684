import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from llmlab.artifacts.documents import Document, make_document
from llmlab.corpus.minhash import DedupeConfig, find_clusters, keep_one, shingles
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.corpus.units import split_units, unit_of

CONFIG = DedupeConfig()
CHARACTERS = "".join(chr(0x4E00 + 7 * step) for step in range(1500))


def english(rng: random.Random) -> str:
    return " ".join("".join(rng.choices("abcdefghijklmnop", k=rng.randint(2, 7))) for _ in range(220))


def chinese(rng: random.Random) -> str:
    return "。".join("".join(rng.choices(CHARACTERS, k=15)) for _ in range(22))


def smalltalk(rng: random.Random) -> str:
    name = "".join(rng.choices("ABCDEFGHIJ", k=6)).title()
    methods = []
    for _ in range(12):
        selector, other, third = ("".join(rng.choices("abcdefghijklmnopqrs", k=5)) for _ in range(3))
        number = rng.randint(1, 999)
        body = f"^ (self {other}: {number}) {third}: [ :x | x {other} + {rng.randint(1, 99)} ]"
        methods.append(f"{name} >> {selector} [\n\t{body}\n]")
    return f"Class {{ #name : #{name}, #superclass : #Object }}\n\n" + "\n\n".join(methods)


MAKERS: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "english": ("prose", english),
    "chinese": ("prose", chinese),
    "smalltalk": ("code", smalltalk),
}


def document(text: str, lang: str, source: str = "s", group: str = "g") -> Document:
    return make_document(lang=lang, kind=MAKERS[lang][0], text=text, source=source, group=group)


def similarity(first: Document, second: Document) -> float:
    a, b = (set(shingles(d.text, unit_of(d.text, d.lang, d.kind), CONFIG)) for d in (first, second))
    return len(a & b) / len(a | b)


def alter(text: str, lang: str, share: float, rng: random.Random) -> str:
    """Replace one run of a text, of that share of its length, by text of another document."""
    other = MAKERS[lang][1](rng)
    length = int(share * len(text))
    start = rng.randint(0, len(text) - length)
    return text[:start] + other[:length] + text[start + length :]


def planted(seed: int) -> tuple[list[Document], list[tuple[Document, Document]], list[tuple[Document, Document]]]:
    """Documents of three languages; pairs that are near (at least 0.75 alike) and pairs that are not (under 0.6)."""
    rng = random.Random(seed)
    documents, near, far = [], [], []
    for lang, (_, maker) in MAKERS.items():
        for number in range(40):
            first = document(maker(rng), lang)
            documents.append(first)
            if number < 15:
                second = document(alter(first.text, lang, 0.05, rng), lang)
                near.append((first, second))
            elif number < 25:
                second = document(alter(first.text, lang, 0.45, rng), lang)
                far.append((first, second))
            else:
                continue
            documents.append(second)
    return documents, near, far


def test_planted_near_duplicates_are_found_and_nothing_else(tmp_path: Path) -> None:
    documents, near, far = planted(1)
    near = [pair for pair in near if similarity(*pair) >= 0.75]
    far = [pair for pair in far if similarity(*pair) < 0.6]
    assert len(near) >= 36
    assert len(far) >= 24
    clusters = find_clusters(documents, CONFIG, tmp_path)
    for lang in MAKERS:
        pairs = [pair for pair in near if pair[0].lang == lang]
        found = sum(a.id in clusters and clusters[a.id] == clusters.get(b.id) for a, b in pairs)
        assert found >= 0.95 * len(pairs), lang
    assert not any(a.id in clusters and clusters[a.id] == clusters.get(b.id) for a, b in far)
    partners = {d.id for pair in near for d in pair}
    assert len(set(clusters) - partners) <= 2  # pairs whose similarity fell between 0.7 and 0.75


def test_the_result_does_not_depend_on_order_or_run(tmp_path: Path) -> None:
    documents, _, _ = planted(2)
    first = find_clusters(documents, CONFIG, tmp_path / "a")
    random.Random(0).shuffle(documents)
    assert find_clusters(documents, CONFIG, tmp_path / "b") == first
    # A used work folder is no cache.
    assert find_clusters(documents, CONFIG, tmp_path / "a") == first
    assert find_clusters(documents[:20], CONFIG, tmp_path / "a") != first
    for member, cluster in first.items():
        assert cluster <= member


def test_exact_duplicates_need_no_length(tmp_path: Path) -> None:
    short = [document("Hello  there", "english"), document("hello\nthere", "english"), document("bye", "english")]
    clusters = find_clusters(short, CONFIG, tmp_path)
    assert set(clusters) == {short[0].id, short[1].id}
    assert len(set(clusters.values())) == 1


def test_case_matters_in_code_and_layout_does_not(tmp_path: Path) -> None:
    texts = ["Foo >> bar [ ^ 1 ]", "Foo >>  bar [\n\t^ 1 ]", "Foo >> Bar [ ^ 1 ]"]
    documents = [document(text, "smalltalk") for text in texts]
    assert set(find_clusters(documents, CONFIG, tmp_path)) == {documents[0].id, documents[1].id}


def test_languages_are_not_mixed(tmp_path: Path) -> None:
    text = english(random.Random(3))
    documents = [document(text, "english"), replace(document(text, "english"), lang="french", id="f" * 16)]
    clusters = find_clusters(documents, replace(CONFIG, threshold=1.0), tmp_path)
    # The same words are a near duplicate in any language, but not an exact one.
    assert set(clusters.values()) == {min(d.id for d in documents)}


def test_the_threshold_is_a_hard_one(tmp_path: Path) -> None:
    rng = random.Random(5)
    first = document(english(rng), "english")
    second = document(alter(first.text, "english", 0.12, rng), "english")
    alike = similarity(first, second)
    assert 0.6 < alike < 0.9
    many = replace(CONFIG, buckets=60, hashes_per_bucket=3)
    below, above = replace(many, threshold=alike - 0.01), replace(many, threshold=alike + 0.01)
    assert len(find_clusters([first, second], below, tmp_path / "a")) == 2
    assert find_clusters([first, second], above, tmp_path / "b") == {}


def test_disabled_finds_nothing_and_keeps_everything(tmp_path: Path) -> None:
    documents = [document("same text", "english"), document("same text", "english", source="t")]
    clusters = find_clusters(documents, DedupeConfig(enabled=False), tmp_path)
    assert clusters == {}
    assert list(keep_one(documents, clusters, lambda _: "train")) == [Kept(d) for d in documents]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [0, 1])
def test_few_documents(count: int, tmp_path: Path) -> None:
    assert find_clusters([document("only one", "english")] * count, CONFIG, tmp_path) == {}


def kept(documents: Iterable[Document], clusters: dict[str, str], sets: dict[str, str]) -> list[Document]:
    outcomes = list(keep_one(documents, clusters, lambda d: sets[d.group]))
    assert len(outcomes) == len(list(documents))
    return [outcome.document for outcome in outcomes if isinstance(outcome, Kept)]


def test_test_wins_over_val_over_train_then_length_then_id() -> None:
    a, b, c = (document(text, "english", group=text) for text in ("one", "longer one", "longest one of all"))
    clusters = {d.id: "x" for d in (a, b, c)}
    assert kept([a, b, c], clusters, {"one": "test", "longer one": "val", "longest one of all": "train"}) == [a]
    assert kept([c, b, a], clusters, {"one": "train", "longer one": "val", "longest one of all": "train"}) == [b]
    assert kept([c, b, a], clusters, {"one": "val", "longer one": "val", "longest one of all": "val"}) == [c]
    d, e = sorted((document(text, "english", group="g") for text in ("abc", "abd")), key=lambda d: d.id)
    assert kept([e, d], {d.id: "y", e.id: "y"}, {"g": "train"}) == [d]


def test_copies_of_one_text_from_two_places_leave_one(tmp_path: Path) -> None:
    copies = [document("the same text", "english", source=source, group=source) for source in ("b", "a")]
    clusters = find_clusters(copies, CONFIG, tmp_path)
    outcomes = list(keep_one(copies, clusters, lambda _: "train"))
    assert outcomes[1] == Kept(copies[1])
    assert outcomes[0] == Dropped(copies[0], "dedupe", "exact duplicate", f"of {copies[1].id}")
    # The set decides before the name does.
    outcomes = list(keep_one(copies, clusters, lambda d: "test" if d.source == "b" else "train"))
    assert outcomes[0] == Kept(copies[0])


def test_a_near_duplicate_is_told_from_an_exact_one(tmp_path: Path) -> None:
    text = english(random.Random(4))
    documents = [document(text, "english"), document(text + " end", "english"), document(text.upper(), "english")]
    outcomes = list(keep_one(documents, find_clusters(documents, CONFIG, tmp_path), lambda _: "train"))
    reasons = [outcome.reason if isinstance(outcome, Dropped) else "kept" for outcome in outcomes]
    assert reasons == ["near duplicate", "kept", "near duplicate"]


def test_shingles() -> None:
    config = DedupeConfig(shingle_words=2, shingle_chars=3, shingle_code=2)
    assert shingles("One, two THREE.", "word", config) == ["one two", "two three"]
    assert shingles("床前明月光。", "char", config) == ["床前明", "前明月", "明月光"]
    assert shingles("single", "word", config) == ["single"]
    assert shingles("...", "word", config) == []
    assert shingles("foo ^ 1", "smalltalk", config) == [f"{a} {b}" for a, b in zip(*_pairs("foo ^ 1"), strict=False)]


def _pairs(text: str) -> tuple[list[str], list[str]]:
    tokens = split_units(text, "smalltalk")
    assert len(tokens) >= 3
    return tokens, tokens[1:]


def test_datatrove_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    documents, _, _ = planted(3)
    find_clusters(documents[:12], CONFIG, tmp_path)
    out, err = capfd.readouterr()
    assert out + err == ""
