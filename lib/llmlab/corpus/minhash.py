"""Duplicates: equal texts by hash, near ones by datatrove's MinHash over our own shingles.

Four steps on a work folder, each cut into tasks that any executor may run: signatures of parts of the corpus, buckets
(both datatrove's), a check of the documents that met in a bucket by the true Jaccard similarity of their shingles, and
datatrove's clustering of the pairs that passed. The banding alone is a soft threshold; the check makes it a hard one,
so buckets may be chosen for recall. Chance that a pair of similarity s is looked at: 1 - (1 - s^r)^b for b buckets of r
hashes; with 20 x 5 that is 0.97 at s = 0.7 and 0.02 at s = 0.25.

Texts are streamed: held are 32 bytes per document, and the ids of those that have a duplicate.
"""

import functools
import shutil
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import numpy as np
from datatrove.data import Document as TroveDocument
from datatrove.pipeline.base import PipelineStep
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
from llmlab.corpus.cluster import ClusterConfig, ExecutorName
from llmlab.corpus.exact import find_exact, id_number, id_text
from llmlab.corpus.executor import run_tasks
from llmlab.corpus.parts import read_part, write_parts
from llmlab.corpus.shingles import Hashes, ShingleReader, ShingleWriter, hash_shingles, similarity
from llmlab.corpus.units import Unit, unit_of

Size = Annotated[int, Field(ge=1, le=50)]
Place = tuple[int, int]
_PART_CHARACTERS = 32_000_000
# Documents of a bucket that met there are each compared with so many before them. datatrove's own pairs are of
# neighbours, and a stranger between two copies of a text would part them.
_WINDOW = 16
_PAIR = struct.Struct("<4I")
_MERSENNE = np.uint64((1 << 61) - 1)
_CLUSTER_ROW = np.dtype([("number", "<u4"), ("cluster", "<u4")])


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
    executor: ExecutorName = "local"
    """What runs datatrove's steps: this machine, a Ray cluster (RAY_ADDRESS) or Slurm; all find the same."""
    cluster: ClusterConfig = field(default_factory=ClusterConfig)
    """What the executor may use."""

    def shingle_size(self, unit: Unit) -> int:
        """Units per shingle of a text that is read by `unit`."""
        return {"word": self.shingle_words, "char": self.shingle_chars}.get(unit, self.shingle_code)


class _WholeTokenizer(WordTokenizer):
    """Stands where datatrove would load spaCy; `_Signatures` cuts texts itself."""

    def word_tokenize(self, text: str) -> list[str]:
        return [text]

    def sent_tokenize(self, text: str) -> list[str]:
        return [text]

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))]


class _Signatures(MinhashDedupSignature):
    """datatrove's signatures of one part's documents, over our shingles, whose hashes it keeps for the check.

    datatrove hands over only a text, so the text carries its unit in front.
    """

    def __init__(self, work: Path, config: DedupeConfig) -> None:
        super().__init__(str(work / "signatures"), _trove(config), _WholeTokenizer())
        self.work = work
        self.dedupe = config
        self.writer: ShingleWriter | None = None

    def get_shingles(self, text: str) -> Hashes:
        unit, _, body = text.partition("\0")
        hashes = hash_shingles(body, unit, self.dedupe.shingle_size(unit))  # type: ignore[arg-type]
        assert self.writer is not None, "run opens it"
        self.writer.append(hashes)
        return hashes.reshape(-1, 1)

    def get_signature(self, shingles: Hashes) -> list[list[int]]:
        """datatrove's, without its division: modulo 2^61 - 1 is to add what stands above the 61st bit."""
        a, b = self.parameters
        values = shingles * a + b
        folded = (values & _MERSENNE) + (values >> np.uint64(61))
        # Below the prime the difference wraps around to a huge number, from it on it is the remainder.
        least: Hashes = np.minimum(folded, folded - _MERSENNE).min(axis=0)
        return least.reshape(self.dedupe.buckets, -1).tolist()

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> None:
        with ShingleWriter(self.work / "shingles", rank) as self.writer:
            super().run(data, rank, world_size)
        self.writer = None


class Feed(PipelineStep):
    """The documents of a task's part, sorted by id; the ids are written down, since datatrove counts documents only."""

    name = "part"
    type = "reader"

    def __init__(self, work: Path) -> None:
        super().__init__()
        self.work = work

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        """datatrove's documents of part `rank`."""
        rows = read_part(self.work / "parts", rank)
        numbers = []
        for row in rows:
            numbers.append(id_number(row["id"]))
            unit = unit_of(row["text"], row["lang"], row["kind"])
            yield TroveDocument(text=f"{unit}\0{row['text']}", id=row["id"])
        (self.work / "ids").mkdir(exist_ok=True)
        (self.work / "ids" / f"{rank:05d}").write_bytes(np.array(numbers, dtype="<u8").tobytes())


class _Check(PipelineStep):
    """The pairs of a task's buckets whose true similarity reaches the threshold."""

    name = "check"
    type = "dedup"

    def __init__(self, work: Path, threshold: float, parts: int) -> None:
        super().__init__()
        self.work = work
        self.threshold = threshold
        self.parts = parts

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> None:
        (self.work / "checked").mkdir(exist_ok=True)
        with ShingleReader(self.work / "shingles", range(self.parts)) as reader:
            # Two copies of a text meet in most buckets.
            @functools.lru_cache(maxsize=1 << 16)
            def alike(first: Place, second: Place) -> bool:
                return _reaches(reader.read(*first), reader.read(*second), self.threshold)

            for path in sorted((self.work / "pairs").glob("*.dups"))[rank::world_size]:
                with path.open("rb") as pairs, (self.work / "checked" / path.name).open("wb") as checked:
                    for meeting in meetings(_read_pairs(pairs)):
                        for first, second in alike_pairs(meeting, alike):
                            checked.write(_PAIR.pack(*first, *second))


def _read_pairs(file: BinaryIO) -> Iterator[tuple[int, int, int, int]]:
    while block := file.read(1024 * _PAIR.size):
        yield from _PAIR.iter_unpack(block)


def meetings(rows: Iterable[tuple[int, int, int, int]]) -> Iterator[list[Place]]:
    """The documents (part, number) that share a bucket's signature, from datatrove's pairs of neighbours."""
    meeting: list[Place] = []
    for first_part, first, second_part, second in rows:
        if not meeting or meeting[-1] != (first_part, first):
            if meeting:
                yield meeting
            meeting = [(first_part, first)]
        meeting.append((second_part, second))
    if meeting:
        yield meeting


def alike_pairs(meeting: list[Place], alike: Callable[[Place, Place], bool]) -> Iterator[tuple[Place, Place]]:
    """Pairs that are alike, enough of them to connect all that the window connects."""
    cluster = list(range(len(meeting)))
    for number, place in enumerate(meeting):
        for other in range(number - 1, max(-1, number - 1 - _WINDOW), -1):
            if cluster[other] != cluster[number] and alike(meeting[other], place):
                # Within the window names are kept up to date, which is all that is looked at again.
                old, new = cluster[number], cluster[other]
                for near in range(max(0, number - _WINDOW), number + 1):
                    cluster[near] = new if cluster[near] == old else cluster[near]
                yield meeting[other], place


def _reaches(a: Hashes, b: Hashes, threshold: float) -> bool:
    # Sets of very different sizes cannot be alike, which is cheaper to see.
    return min(len(a), len(b)) >= threshold * max(len(a), len(b)) and similarity(a, b) >= threshold


def find_clusters(read: Callable[[], Iterable[Document]], config: DedupeConfig, work: Path) -> dict[str, str]:
    """Document id -> cluster id, for documents that have a duplicate; the cluster is called after its smallest id.

    Ids that occur twice (the same text from two places) are clusters too. The result depends on the set of documents
    only, not on their order nor on the executor; `work` is replaced. Near duplicates are looked for among one
    representative of each group of exact ones.

    Args:
        read: gives the documents from the start, the same each time; called twice.
        config: when two are the same, and what works it out.
        work: folder that every machine of the executor sees, for about four times the size of the text.

    Raises:
        LabError: the executor is not there, or a task failed on it.
    """
    if not config.enabled:
        return {}
    exact = find_exact(read())
    near = _near_clusters(compress(read(), exact.first), exact.characters, config, work) if sum(exact.first) > 1 else {}
    clusters = {one: near.get(leader, leader) for one, leader in exact.copies}
    return {**near, **clusters}


def _near_clusters(documents: Iterable[Document], characters: int, config: DedupeConfig, work: Path) -> dict[str, str]:
    """Document id -> smallest id of its cluster, for clusters of two or more."""
    work = work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    parts = 1 + characters // _PART_CHARACTERS
    write_parts(documents, work / "parts", parts)
    trove = _trove(config)
    signatures, pairs, checked, found = (str(work / name) for name in ("signatures", "pairs", "checked", "clusters"))

    def run(name: str, tasks: int, *steps: Any) -> None:
        run_tasks(list(steps), tasks, work / "logs" / name, config.executor, config.cluster)

    run("signatures", parts, Feed(work), _Signatures(work, config))
    run("buckets", config.buckets, MinhashDedupBuckets(signatures, pairs, config=trove, lines_to_buffer=1000))
    run("check", min(config.cluster.workers, config.buckets), _Check(work, config.threshold, parts))
    run("clusters", 1, MinhashDedupCluster(checked, found, config=trove, save_cluster_id=True))
    return _read_clusters(work, parts)


def _trove(config: DedupeConfig) -> MinhashConfig:
    return MinhashConfig(
        n_grams=1,
        num_buckets=config.buckets,
        hashes_per_bucket=config.hashes_per_bucket,
        norm_config=TextNormConfig(False, False, False, False, False),
    )


def _read_clusters(work: Path, parts: int) -> dict[str, str]:
    rows, ids = [], []
    for part in range(parts):
        path = work / "clusters" / f"{part:06d}.clusters"
        if path.exists():
            rows.append(np.frombuffer(path.read_bytes(), dtype=_CLUSTER_ROW))
            numbers = np.frombuffer((work / "ids" / f"{part:05d}").read_bytes(), dtype="<u8")
            ids.append(numbers[rows[-1]["number"]])
    if not rows:
        return {}
    cluster, members = np.concatenate(rows)["cluster"], np.concatenate(ids)
    smallest = np.full(int(cluster.max()) + 1, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(smallest, cluster, members)
    return {id_text(int(one)): id_text(int(name)) for one, name in zip(members, smallest[cluster], strict=True)}
