import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import networkx
import numpy as np
import pytest
from datatrove.pipeline.dedup.minhash import MinhashDedupSignature

from llmlab.artifacts.documents import Document, make_document
from llmlab.corpus import minhash
from llmlab.corpus.minhash import DedupeConfig, Place, alike_pairs, find_clusters, meetings
from llmlab.corpus.shingles import Hashes, hash_shingles
from llmlab.corpus.shingles import similarity as jaccard
from llmlab.corpus.units import unit_of

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
    return jaccard(hashes_of(first), hashes_of(second))


def hashes_of(document: Document) -> Hashes:
    unit = unit_of(document.text, document.lang, document.kind)
    return hash_shingles(document.text, unit, CONFIG.shingle_size(unit))


def clusters_of(documents: list[Document], config: DedupeConfig, work: Path) -> dict[str, str]:
    return find_clusters(lambda: iter(documents), config, work)


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
    clusters = clusters_of(documents, CONFIG, tmp_path)
    for lang in MAKERS:
        pairs = [pair for pair in near if pair[0].lang == lang]
        found = sum(a.id in clusters and clusters[a.id] == clusters.get(b.id) for a, b in pairs)
        assert found >= 0.95 * len(pairs), lang
    assert not any(a.id in clusters and clusters[a.id] == clusters.get(b.id) for a, b in far)
    partners = {d.id for pair in near for d in pair}
    assert len(set(clusters) - partners) <= 2  # pairs whose similarity fell between 0.7 and 0.75


def test_the_result_does_not_depend_on_order_or_run(tmp_path: Path) -> None:
    documents, _, _ = planted(2)
    first = clusters_of(documents, CONFIG, tmp_path / "a")
    random.Random(0).shuffle(documents)
    assert clusters_of(documents, CONFIG, tmp_path / "b") == first
    # A used work folder is no cache.
    assert clusters_of(documents, CONFIG, tmp_path / "a") == first
    assert clusters_of(documents[:20], CONFIG, tmp_path / "a") != first
    for member, cluster in first.items():
        assert cluster <= member


def test_exact_duplicates_need_no_length(tmp_path: Path) -> None:
    short = [document("Hello  there", "english"), document("hello\nthere", "english"), document("bye", "english")]
    clusters = clusters_of(short, CONFIG, tmp_path)
    assert set(clusters) == {short[0].id, short[1].id}
    assert len(set(clusters.values())) == 1


def test_case_matters_in_code_and_layout_does_not(tmp_path: Path) -> None:
    texts = ["Foo >> bar [ ^ 1 ]", "Foo >>  bar [\n\t^ 1 ]", "Foo >> Bar [ ^ 1 ]"]
    documents = [document(text, "smalltalk") for text in texts]
    assert set(clusters_of(documents, CONFIG, tmp_path)) == {documents[0].id, documents[1].id}


def test_languages_are_not_mixed(tmp_path: Path) -> None:
    text = english(random.Random(3))
    documents = [document(text, "english"), replace(document(text, "english"), lang="french", id="f" * 16)]
    clusters = clusters_of(documents, replace(CONFIG, threshold=1.0), tmp_path)
    # The same words are a near duplicate in any language, but not an exact one.
    assert set(clusters.values()) == {min(d.id for d in documents)}


def test_the_threshold_is_a_hard_one(tmp_path: Path) -> None:
    rng = random.Random(5)
    first = document(english(rng), "english")
    second = document(alter(first.text, "english", 0.12, rng), "english")
    alike = similarity(first, second)
    assert 0.6 < alike < 0.9
    many = replace(CONFIG, buckets=20, hashes_per_bucket=3)
    below, above = replace(many, threshold=alike - 0.01), replace(many, threshold=alike + 0.01)
    assert len(clusters_of([first, second], below, tmp_path / "a")) == 2
    assert clusters_of([first, second], above, tmp_path / "b") == {}


def test_disabled_finds_nothing_and_writes_nothing(tmp_path: Path) -> None:
    documents = [document("same text", "english"), document("same text", "english", source="t")]
    assert clusters_of(documents, DedupeConfig(enabled=False), tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("count", [0, 1])
def test_few_documents(count: int, tmp_path: Path) -> None:
    assert clusters_of([document("only one", "english")] * count, CONFIG, tmp_path) == {}


def test_datatrove_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    documents, _, _ = planted(3)
    clusters_of(documents[:12], CONFIG, tmp_path)
    out, err = capfd.readouterr()
    assert out + err == ""


@pytest.mark.parametrize("parts", [1, 7])
def test_parts_and_workers_do_not_matter(parts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents, _, _ = planted(4)
    whole = clusters_of(documents, CONFIG, tmp_path / "whole")
    monkeypatch.setattr(minhash, "_PART_CHARACTERS", sum(len(d.text) for d in documents) // parts)
    assert clusters_of(documents, CONFIG, tmp_path / "cut") == whole
    assert len(list((tmp_path / "cut" / "parts").iterdir())) == parts + 1


@pytest.mark.parametrize("shingles", [1, 7, 300])
def test_signatures_are_those_of_datatrove(shingles: int, tmp_path: Path) -> None:
    hashes = np.random.default_rng(shingles).integers(0, 2**64, size=(shingles, 1), dtype=np.uint64)
    ours = minhash._Signatures(tmp_path, CONFIG)
    assert ours.get_signature(hashes) == MinhashDedupSignature.get_signature(ours, hashes)


def test_meetings_are_read_from_pairs_of_neighbours() -> None:
    rows = [(0, 1, 0, 5), (0, 5, 2, 0), (1, 1, 1, 2), (0, 3, 0, 4)]
    assert list(meetings(rows)) == [[(0, 1), (0, 5), (2, 0)], [(1, 1), (1, 2)], [(0, 3), (0, 4)]]
    assert list(meetings([])) == []


def test_a_stranger_between_two_copies_does_not_part_them() -> None:
    sets = [range(10), range(50, 60), range(1, 11), range(51, 61), range(2, 12)]
    places = [(0, number) for number in range(len(sets))]

    def pairs(threshold: float) -> list[tuple[Place, Place]]:
        return list(alike_pairs(places, lambda a, b: share(sets[a[1]], sets[b[1]]) >= threshold))

    assert pairs(0.8) == [((0, 0), (0, 2)), ((0, 1), (0, 3)), ((0, 2), (0, 4))]
    assert pairs(0.9) == []


def share(a: Iterable[int], b: Iterable[int]) -> float:
    return len({*a} & {*b}) / len({*a, *b})


@pytest.mark.parametrize("seed", range(20))
def test_pairs_connect_all_that_the_window_connects(seed: int) -> None:
    rng = random.Random(seed)
    sets = [sorted(rng.sample(range(start, start + 6), 4)) for start in rng.choices((0, 2, 100), k=40)]
    places = [(0, number) for number in range(len(sets))]
    pairs = list(alike_pairs(places, lambda a, b: share(sets[a[1]], sets[b[1]]) >= 0.5))
    every = [
        ((0, i), (0, j))
        for i, j in itertools.combinations(range(40), 2)
        if j - i <= 16 and share(sets[i], sets[j]) >= 0.5
    ]
    assert components(pairs) == components(every)
    assert len(pairs) < len(every)


def components(pairs: Iterable[tuple[Place, Place]]) -> set[frozenset[Place]]:
    graph = networkx.Graph(pairs)
    return {frozenset(group) for group in networkx.connected_components(graph)}
