"""Stage `dedupe` on made-up documents of 1 kB: what it finds of planted near-duplicates, its time and its memory.

    python bench/duplicates.py                 10,000 and 100,000 documents (some minutes)
    python bench/duplicates.py --million       and 1,000,000 (tens of minutes, 6 GB of disk)
    python bench/duplicates.py --documents 5000 --executor ray --workers 2
    python bench/duplicates.py --million --keep .scratch/made    (the documents are made once)

A third of the documents each is English, Chinese and Smalltalk. A tenth are near copies of another one (Jaccard
similarity of at least 0.8 by our own shingles, worked out for every pair), a twentieth far ones (under 0.6); every
fifth document opens with the same paragraph. Recall is the share of the near pairs that end in one cluster, precision
the share of near pairs among all pairs of documents that share a cluster. Time, processor time and peak memory (the
largest process) are those of the whole stage, from Parquet to Parquet.
Prints one JSON object a size.
"""

import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from apart import run_stage

from llmlab.artifacts.documents import Document, make_document, read_rows, write_documents
from llmlab.corpus.minhash import DedupeConfig
from llmlab.corpus.shingles import shingles
from llmlab.corpus.units import unit_of
from llmlab.runtime.device import machine_facts

CONFIG = DedupeConfig()
NEAR, FAR = 0.8, 0.6
TARGETS = {"recall": 0.97, "precision": 0.99, "memory_mib": 4096}
_RNG = random.Random(0)
WORDS = ["".join(_RNG.choices("aabcdeeefghiiklmnnoopqrrssttuuvwxyz", k=_RNG.randint(2, 9))) for _ in range(20_000)]
# As in natural text, the n-th word is about as frequent as 1 / n (Zipf).
_RISE = [0.0]
for _rank in range(len(WORDS)):
    _RISE.append(_RISE[-1] + 1 / (_rank + 3))
CUMULATED = _RISE[1:]
CHARACTERS = [chr(0x4E00 + 5 * step) for step in range(3000)]
NOTICE = "This text may be copied and passed on by anyone who keeps this notice with it and adds nothing to it. " * 2


def english(rng: random.Random) -> list[str]:
    return [word + " " for word in rng.choices(WORDS, cum_weights=CUMULATED, k=165)]


def chinese(rng: random.Random) -> list[str]:
    signs = rng.choices(CHARACTERS, cum_weights=CUMULATED[: len(CHARACTERS)], k=320)
    return [sign + "，" if place % 12 == 11 else sign for place, sign in enumerate(signs)]


def smalltalk(rng: random.Random) -> list[str]:
    tokens = ["Object subclass: #", rng.choice(WORDS).title(), " "]
    while len(tokens) < 190:
        a, b, c, d = rng.choices(WORDS, cum_weights=CUMULATED, k=4)
        number = str(rng.randint(0, 999))
        tokens += [
            a,
            "\n\t",
            b,
            " := ",
            "self ",
            c,
            ": ",
            number,
            ".\n\t^ ",
            b,
            " ",
            d,
            ": [ :each | each ",
            a,
            " ]\n\n",
        ]
    return tokens


MAKERS: dict[str, tuple[str, Callable[[random.Random], list[str]]]] = {
    "english": ("prose", english),
    "chinese": ("prose", chinese),
    "smalltalk": ("code", smalltalk),
}


@dataclass
class Planted:
    """The pairs of ids that were planted, by how alike they are."""

    near: set[frozenset[str]] = field(default_factory=set)
    far: set[frozenset[str]] = field(default_factory=set)


def make_documents(lang: str, count: int, planted: Planted) -> Iterator[Document]:
    """`count` documents; every tenth is a near copy of the one before it, every twentieth beside those a far one."""
    kind, make = MAKERS[lang]
    pieces: list[str] = []
    before: Document | None = None
    for number in range(count):
        rng = random.Random(f"{lang}/{number}")
        copied = {5: planted.near, 9: planted.far}.get(number % (10 if number % 10 == 5 else 20))
        if copied is None or before is None:
            head = "" if number % 5 else f'"{NOTICE}"\n' if lang == "smalltalk" else NOTICE
            pieces = [head, *make(rng)]
            document = document_of(lang, kind, pieces, number)
        else:
            document = copy_of(before, pieces, make(rng), number, rng, near=copied is planted.near)
            copied.add(frozenset((before.id, document.id)))
        before = document
        yield document


def document_of(lang: str, kind: str, pieces: list[str], number: int) -> Document:
    return make_document(lang=lang, kind=kind, text="".join(pieces), source="made", group=f"group {number // 20}")


def copy_of(
    original: Document, pieces: list[str], others: list[str], number: int, rng: random.Random, *, near: bool
) -> Document:
    """A near copy has some pieces replaced by others, a far one has a run of them replaced."""
    for edits in range(6, 0, -1):
        changed = list(pieces)
        if near:
            for place in rng.sample(range(1, len(pieces)), rng.randint(1, edits)):
                changed[place] = others[place % len(others)]
        else:
            changed[len(pieces) // 3 :] = others[len(pieces) // 3 :]
        copy = document_of(original.lang, original.kind, changed, number)
        alike = jaccard(original, copy)
        if (near and alike >= NEAR and copy.id != original.id) or (not near and alike < FAR):
            return copy
    raise AssertionError("one replaced piece in a kilobyte leaves more than 0.8")


def jaccard(a: Document, b: Document) -> float:
    first, second = (
        set(shingles(each.text, unit, CONFIG.shingle_size(unit)))
        for each in (a, b)
        for unit in [unit_of(each.text, each.lang, each.kind)]
    )
    return len(first & second) / len(first | second)


def run(folder: Path, dedupe: dict[str, Any]) -> tuple[float, float, float]:
    """Seconds, seconds of processor time and peak MiB of the stage in `folder`."""
    params = {"languages": list(MAKERS), "dedupe": dedupe, "split": {"val": 0.05, "test": 0.05}}
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    arguments = "--clean clean --out dedup --metrics m.json".split()
    started = time.perf_counter()
    processor, memory = run_stage("dedupe.py", arguments, folder, {"LLMLAB_SCRATCH": str(folder / "scratch")})
    return time.perf_counter() - started, processor, memory


def judge(folder: Path, planted: Planted) -> dict[str, Any]:
    """Recall and precision over pairs."""
    clusters: dict[str, list[str]] = {}
    for row in read_rows(folder / "dedup/clusters.parquet", "dedupe"):
        clusters.setdefault(row["cluster"], []).append(row["id"])
    found = {frozenset(pair) for members in clusters.values() for pair in combinations(members, 2)}
    right = len(found & planted.near)
    return {
        "near_pairs": len(planted.near),
        "far_pairs": len(planted.far),
        "found_pairs": len(found),
        "recall": round(right / len(planted.near), 5),
        "precision": round(right / max(1, len(found)), 5),
        "largest_cluster": max(map(len, clusters.values()), default=0),
    }


def prepare(folder: Path, count: int) -> Planted:
    """The documents, unless they lie in `folder` from an earlier run, and what was planted among them."""
    notes = folder / "planted.json"
    if notes.exists():
        near, far = ({frozenset(pair) for pair in pairs} for pairs in json.loads(notes.read_text(encoding="utf-8")))
        return Planted(near, far)
    planted = Planted()
    for lang in MAKERS:
        write_documents(folder / f"clean/{lang}.parquet", make_documents(lang, count // len(MAKERS), planted))
    notes.write_text(json.dumps([list(map(sorted, pairs)) for pairs in (planted.near, planted.far)]), encoding="utf-8")
    return planted


def measure(count: int, dedupe: dict[str, Any], keep: Path | None) -> dict[str, Any]:
    """Everything about one size."""
    with tempfile.TemporaryDirectory() as name:
        folder = keep / str(count) if keep else Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        planted = prepare(folder, count)
        seconds, processor, memory = run(folder, dedupe)
        figures = json.loads((folder / "m.json").read_text(encoding="utf-8"))
        size = sum(figures[lang]["bytes_in"] for lang in MAKERS)
        return {
            "documents": sum(figures[lang]["documents_in"] for lang in MAKERS),
            "mean_bytes": round(size / count),
            "seconds": round(seconds, 1),
            "cpu_seconds": round(processor, 1),
            "memory_mib": round(memory),
            **judge(folder, planted),
        }


def main(
    documents: Annotated[list[int] | None, typer.Option(help="sizes to measure; may be given again")] = None,
    million: Annotated[bool, typer.Option(help="also 1,000,000 documents")] = False,
    executor: Annotated[str, typer.Option(help="local, ray or slurm")] = "local",
    workers: Annotated[int, typer.Option(help="tasks at the same time")] = 1,
    keep: Annotated[Path | None, typer.Option(help="folder for the documents, which a later run uses again")] = None,
) -> None:
    sizes = [*(documents or (10_000, 100_000)), *([1_000_000] if million else [])]
    results: list[dict[str, Any]] = []
    for size in sizes:
        results.append(measure(size, {"executor": executor, "cluster": {"workers": workers}}, keep))
        if len(results) > 1:
            before = results[-2]
            times = results[-1]["documents"] / before["documents"]
            # 1 is linear.
            results[-1]["time_growth"] = round(results[-1]["cpu_seconds"] / before["cpu_seconds"] / times, 2)
            results[-1]["memory_growth"] = round(results[-1]["memory_mib"] / before["memory_mib"] / times, 2)
        print(json.dumps(results[-1]), flush=True)
    met = all(
        r["recall"] >= TARGETS["recall"]
        and r["precision"] >= TARGETS["precision"]
        and r["memory_mib"] < TARGETS["memory_mib"]
        for r in results
    )
    print(json.dumps({"targets": TARGETS, "met": met, "machine": machine_facts()}))


if __name__ == "__main__":
    typer.run(main)
