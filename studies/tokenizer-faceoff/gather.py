"""Texts to learn from and texts held out, of each corpus: `python gather.py --cache DIR --out DIR`."""

import gzip
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmlab.artifacts.documents import Document, document_id, make_document, write_documents
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import load_section
from llmlab.corpus.mirror import mirror_folder
from llmlab.corpus.normalize import normalize_text, strip_boilerplate
from llmlab.corpus.scrape import ScrapeConfig, scrape
from llmlab.pipeline.stage import run_stage

ROOT = Path("../..")
MIXED = "mixed"
SETS = ("train", "held_out")
LOGS = {
    "loghub": ("logs/loghub_2k_16systems.jsonl.gz", "system", "text"),
    "defects4j": ("logs/defects4j_java_stack_traces.jsonl.gz", "project", "trace"),
}
_FOLDS = 4
_LINES = 400


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """What one corpus is read from."""

    train: list[str | dict[str, Any]]
    """Names of the catalogue, or entries like those in it, or names in `LOGS`."""
    held_out: list[str | dict[str, Any]]
    """Likewise."""


@dataclass(frozen=True, kw_only=True)
class GatherConfig:
    """Section `gather` of the study's params.yaml."""

    train_bytes: int
    """Of each corpus, at most; `mixed` is that much of all of them together, in equal shares."""
    held_out_bytes: int
    """Of each corpus, at most."""
    corpora: dict[str, Corpus]
    """Name to sources."""


def main(*, cache: Path, out: Path) -> None:
    """Write `<corpus>-train.parquet` and `<corpus>-held_out.parquet` for each corpus, and `mixed-train.parquet`.

    There are no texts of `mixed` to hold out: it is measured on those of all corpora.
    """
    config = load_section(Path("params.yaml"), "gather", GatherConfig)
    out.mkdir(parents=True, exist_ok=True)
    mixed: list[Document] = []
    for name, corpus in config.corpora.items():
        chosen = choose(name, corpus, config, cache)
        for part in SETS:
            write_documents(out / f"{name}-{part}.parquet", chosen[part])
        mixed += share([chosen["train"]], config.train_bytes // len(config.corpora))
        print(name, {part: sum(map(size, chosen[part])) for part in SETS})
    write_documents(out / f"{MIXED}-train.parquet", sorted(mixed, key=lambda document: document.id))


def choose(name: str, corpus: Corpus, config: GatherConfig, cache: Path) -> dict[str, list[Document]]:
    """Documents of each set; a text that is held out is not learned from, wherever else it stands."""
    both = {key(source) for source in corpus.train} & {key(source) for source in corpus.held_out}
    held_out = [read(name, source, cache) for source in corpus.held_out]
    held_out = [dealt(each, key(source) in both, True) for source, each in zip(corpus.held_out, held_out, strict=True)]
    known = {document.id for part in held_out for document in part}
    train = [dealt(read(name, source, cache), key(source) in both, False) for source in corpus.train]
    train = [[document for document in part if document.id not in known] for part in train]
    return {"train": share(train, config.train_bytes), "held_out": share(held_out, config.held_out_bytes)}


def key(source: str | dict[str, Any]) -> str:
    """The name of a source."""
    return source if isinstance(source, str) else source["name"]


def dealt(documents: Sequence[Document], divided: bool, held_out: bool) -> list[Document]:
    """The documents of the groups that belong to this set; all of them where the source is not divided."""
    groups = sorted({document.group for document in documents})
    mine = {group for place, group in enumerate(groups) if not divided or (place % _FOLDS == 0) == held_out}
    return [document for document in documents if document.group in mine]


def share(sources: Sequence[Sequence[Document]], most: int) -> list[Document]:
    """Up to `most` bytes, as evenly from all sources as they allow, in the order of ids, which is a random one."""
    chosen: list[Document] = []
    left = most
    by_size = sorted(sources, key=lambda part: sum(map(size, part)))
    for number, part in enumerate(by_size):
        most_here = left // (len(by_size) - number)
        taken = 0
        for document in sorted(part, key=lambda each: each.id):
            if taken < most_here:
                chosen.append(document)
                taken += size(document)
        left -= taken
    return sorted(chosen, key=lambda document: document.id)


def size(document: Document) -> int:
    """Bytes of its text."""
    return len(document.text.encode())


def read(corpus: str, source: str | dict[str, Any], cache: Path) -> list[Document]:
    """The documents of a source, in the normal form, without licence banners and repeats, in parts of some 50 kB."""
    name = key(source)
    found = logs(name) if name in LOGS else scrape(corpus, ScrapeConfig(sources=[source]), cache, root=ROOT)
    texts: dict[str, Document] = {}
    for document in found:
        text = document.text
        if name not in LOGS:
            text = strip_boilerplate(normalize_text(text), "code" if document.kind == "code" else "prose")
        for part in parts(text):
            texts[part] = replace(document, text=part, id=document_id(corpus, part), lang=corpus)
    return [document for text, document in texts.items() if text.strip()]


def parts(text: str) -> Iterator[str]:
    """A long text in parts that end with a line."""
    lines = text.splitlines(keepends=True)
    for start in range(0, len(lines), _LINES):
        yield "".join(lines[start : start + _LINES])


def logs(name: str) -> Iterator[Document]:
    """A system's lines as one text, each stack trace as one; groups are systems and projects."""
    mirror = mirror_folder(os.environ)
    path, group, field = LOGS[name]
    if mirror is None or not (mirror / path).is_file():
        raise LabError(f"{path} is not in the mirror", "name the mirror's folder in LLMLAB_MIRROR")
    found: dict[str, list[str]] = {}
    with gzip.open(mirror / path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            found.setdefault(row[group], []).append(row[field])
    for system, texts in found.items():
        for text in ["\n".join(texts) + "\n"] if name == "loghub" else texts:
            yield make_document(lang="logs", kind="code", text=text, source=name, group=f"{name}:{system}")


if __name__ == "__main__":
    run_stage(main)
