"""Duplicates: equal texts by hash, near ones by datatrove's MinHash over our own shingles.

Four steps on a work folder: signatures, buckets (both datatrove's), a check of every candidate pair by the true
Jaccard similarity of its shingles, and datatrove's clustering of the pairs that passed. The banding alone is a soft
threshold; the check makes it a hard one, so buckets may be chosen for recall. Chance that a pair of similarity s is
looked at: 1 - (1 - s^r)^b for b buckets of r hashes; with 20 x 5 that is 0.97 at s = 0.7 and 0.02 at s = 0.25.
"""

import contextlib
import functools
import hashlib
import io
import shutil
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import xxhash
from datatrove.data import Document as TroveDocument
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupSignature,
)
from datatrove.utils.text import TextNormConfig
from datatrove.utils.word_tokenizers import WordTokenizer
from pydantic import Field

from llmlab.artifacts.documents import Document
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.corpus.units import Unit, split_units, unit_of

Size = Annotated[int, Field(ge=1, le=50)]
# A test document is the last to lose, since what is lost there could leak in from train.
_SET_RANK = {"test": 0, "val": 1, "train": 2}
_PAIR = struct.Struct("<4I")
_CLUSTER_ROW = struct.Struct("<2I")


@dataclass(frozen=True, kw_only=True)
class DedupeConfig:
    """When two documents count as the same."""

    enabled: bool = True
    """False keeps every document."""
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Jaccard similarity of two documents' shingles from which on they are the same."""
    shingle_code: Size = 8
    """Code tokens per shingle of code."""
    shingle_words: Size = 5
    """Words per shingle of other text."""
    shingle_chars: Size = 5
    """Characters per shingle where a script has no spaces."""
    buckets: Annotated[int, Field(ge=1, le=200)] = 20
    """b of MinHash: more make a pair likelier to be compared; 20 x 5 compares 97 % of the pairs at 0.7."""
    hashes_per_bucket: Annotated[int, Field(ge=1, le=50)] = 5
    """r of MinHash: all must agree in one bucket, so more make a pair less likely to be compared."""
    executor: Literal["local"] = "local"
    """What runs datatrove's steps: one worker on this machine."""


class _ShingleTokenizer(WordTokenizer):
    """Shingles in the place of words: datatrove is then told to use 1-grams of them.

    datatrove hands over only a text, and knows one shingle size a run; so the text carries its unit in front, and all
    three sizes go through one run.
    """

    def __init__(self, config: DedupeConfig) -> None:
        super().__init__()
        self.config = config

    def word_tokenize(self, text: str) -> list[str]:
        unit, _, body = text.partition("\0")
        return shingles(body, unit, self.config)  # type: ignore[arg-type]

    def sent_tokenize(self, text: str) -> list[str]:
        return [text]

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))]


def shingles(text: str, unit: Unit, config: DedupeConfig) -> list[str]:
    """The n-grams of units that stand for a text, in order; one that is shorter than n is one shingle as a whole."""
    sizes = {"word": config.shingle_words, "char": config.shingle_chars}
    size = sizes.get(unit, config.shingle_code)
    units = split_units(text, unit)
    if not units:
        return []
    joint = "" if unit == "char" else " "
    return [joint.join(units[start : start + size]) for start in range(max(1, len(units) - size + 1))]


def find_clusters(documents: Iterable[Document], config: DedupeConfig, work: Path) -> dict[str, str]:
    """Document id -> cluster id, for documents that have a duplicate; the cluster is called after its smallest id.

    Ids that occur twice (the same text from two places) are clusters too. The result depends on the set of documents
    only, not on their order; `work` keeps datatrove's files and logs, which the next run replaces. Near duplicates
    are looked for among one representative of each group of exact ones.
    """
    if not config.enabled:
        return {}
    exact: dict[str, list[Document]] = {}
    for document in documents:
        exact.setdefault(exact_key(document), []).append(document)
    # The representative has the smallest id; sorted, so that datatrove sees the same order whatever came in first.
    groups = sorted(
        (sorted(group, key=lambda document: document.id) for group in exact.values()), key=lambda g: g[0].id
    )
    cluster_of = _near_clusters([group[0] for group in groups], config, work)
    clusters: dict[str, str] = {}
    for group in groups:
        name = cluster_of.get(group[0].id, group[0].id)
        if len(group) > 1 or group[0].id in cluster_of:
            clusters.update((document.id, name) for document in group)
    return clusters


def exact_key(document: Document) -> str:
    """Equal for texts that differ in blanks only (and, outside code, in case)."""
    text = " ".join(document.text.split())
    folded = text if document.kind == "code" else text.casefold()
    return hashlib.sha256(f"{document.lang}\0{folded}".encode()).hexdigest()


def keep_one(
    documents: Iterable[Document], clusters: dict[str, str], set_of: Callable[[Document], str]
) -> Iterator[Kept | Dropped]:
    """Yield every document in order: of each cluster one is kept, the others are dropped with the winner's id.

    Kept is the one in test before val before train, then the longest text, then the smallest id; between copies of
    one id, the first by source and path. Documents outside `clusters` are all kept.
    """
    held = list(documents)
    best: dict[str, tuple[tuple[int, int, str, str, str], int]] = {}
    for position, document in enumerate(held):
        if document.id in clusters:
            rank = (_SET_RANK[set_of(document)], -len(document.text), document.id, document.source, document.path)
            candidate = (rank, position)
            cluster = clusters[document.id]
            best[cluster] = min(best.get(cluster, candidate), candidate)
    for position, document in enumerate(held):
        cluster = clusters.get(document.id, "")
        if not cluster or best[cluster][1] == position:
            yield Kept(document)
            continue
        winner = held[best[cluster][1]]
        same = exact_key(winner) == exact_key(document)
        yield Dropped(document, "dedupe", "exact duplicate" if same else "near duplicate", f"of {winner.id}")


def _near_clusters(documents: list[Document], config: DedupeConfig, work: Path) -> dict[str, str]:
    """Document id -> smallest id of its cluster, for clusters of two or more; each id stands once in `documents`."""
    if len(documents) < 2:
        return {}
    trove = MinhashConfig(
        n_grams=1,
        num_buckets=config.buckets,
        hashes_per_bucket=config.hashes_per_bucket,
        # Our shingles are final: datatrove's simplifying would join code tokens and strip what tells them apart.
        norm_config=TextNormConfig(False, False, False, False, False),
    )
    work = work.resolve()
    signatures, pairs, checked, found = (str(work / name) for name in ("signatures", "pairs", "checked", "clusters"))
    for folder in (signatures, pairs, checked, found):
        shutil.rmtree(folder, ignore_errors=True)

    # A function, because the executor deep-copies its steps: a list of documents would be copied whole.
    def feed(_data: Any, _rank: int = 0, _world: int = 1) -> Iterator[Any]:
        for document in documents:
            unit = unit_of(document.text, document.lang, document.kind)
            yield TroveDocument(text=f"{unit}\0{document.text}", id=document.id)

    tokenizer = _ShingleTokenizer(config)
    _run([feed, MinhashDedupSignature(signatures, trove, tokenizer)], 1, work / "logs" / "signatures")
    _run([MinhashDedupBuckets(signatures, pairs, config=trove)], config.buckets, work / "logs" / "buckets")
    _check_pairs(documents, config, Path(pairs), Path(checked))
    _run([MinhashDedupCluster(checked, found, config=trove, save_cluster_id=True)], 1, work / "logs" / "clusters")
    return _read_clusters(documents, Path(found) / "000000.clusters")


def _run(steps: list[Any], tasks: int, logs: Path) -> None:
    # datatrove talks on stderr at every turn; its files below `logs` say the same. Its own memory of finished tasks is
    # not used, since it would not notice another input.
    with contextlib.redirect_stderr(io.StringIO()):
        LocalPipelineExecutor(steps, tasks=tasks, workers=1, logging_dir=str(logs), skip_completed=False).run()


def _check_pairs(documents: list[Document], config: DedupeConfig, pairs: Path, checked: Path) -> None:
    """Copy the candidate pairs whose true similarity reaches the threshold."""

    @functools.lru_cache(maxsize=4096)
    def hashed(index: int) -> npt.NDArray[np.uint64]:
        document = documents[index]
        unit = unit_of(document.text, document.lang, document.kind)
        values = {xxhash.xxh64_intdigest(shingle) for shingle in shingles(document.text, unit, config)}
        return np.fromiter(values, dtype=np.uint64, count=len(values))

    @functools.cache
    def alike(first: int, second: int) -> bool:
        a, b = hashed(first), hashed(second)
        common = len(np.intersect1d(a, b, assume_unique=True))
        return common >= config.threshold * (len(a) + len(b) - common)

    checked.mkdir(parents=True, exist_ok=True)
    for file in sorted(pairs.glob("*.dups")):
        rows = _PAIR.iter_unpack(file.read_bytes())
        passed = [row for row in rows if alike(min(row[1], row[3]), max(row[1], row[3]))]
        (checked / file.name).write_bytes(b"".join(_PAIR.pack(*row) for row in passed))


def _read_clusters(documents: list[Document], path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    members: dict[int, list[str]] = {}
    for index, cluster in _CLUSTER_ROW.iter_unpack(path.read_bytes()):
        members.setdefault(cluster, []).append(documents[index].id)
    return {member: min(group) for group in members.values() for member in group}
