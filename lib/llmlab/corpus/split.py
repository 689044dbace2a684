"""Train, validation or test: by a hash of the group, so that a document's set never depends on what else there is."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from llmlab.artifacts.documents import COLUMNS, Document, document_id, open_rows

SETS = ("train", "val", "test")


@dataclass(frozen=True, kw_only=True)
class SplitConfig:
    """Which text is kept for validation and test."""

    method: Literal["group", "positional"] = "group"
    """`group` deals whole groups by a hash of `salt`, language and group; `positional` cuts a language's text."""
    val: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of validation: of groups, on average, or of characters by position."""
    test: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of test, in the same measure; with `val` below 1."""
    salt: str = ""
    """Text that deals the groups anew; digits need quotes."""

    def __post_init__(self) -> None:
        if self.val + self.test >= 1:
            raise ValueError(f"val {self.val} and test {self.test} leave nothing to train on")


def assign(group: str, config: SplitConfig, lang: str = "") -> str:
    """The set of a group, from sha256 of salt, language and group, and nothing else.

    Shares hold on average over many groups: with a handful of them a set can be empty, and another salt may help.
    """
    digest = hashlib.sha256(f"{config.salt}\0{lang}\0{group}".encode()).digest()
    point = int.from_bytes(digest[:8], "big") / 2**64
    if point < config.test:
        return "test"
    return "val" if point < config.test + config.val else "train"


def set_of(config: SplitConfig) -> Callable[[Document], str]:
    """The set of a document before the split is made, for `minhash.keep_one`.

    With positional splitting a document has no set of its own (it may be cut), so all count as train.
    """
    if config.method == "positional":
        return lambda document: "train"
    return lambda document: assign(document.group, config, document.lang)


def split(read: Callable[[], Iterable[Document]], config: SplitConfig) -> Iterator[tuple[str, Document]]:
    """Yield (set, document). By group every document goes whole into one set, in order; by position see `_cut`.

    `read` gives the documents from the start, the same each time: once by group, by position once for each language and
    once more, so that no text is held.
    """
    if config.method == "group":
        choose = set_of(config)
        yield from ((choose(document), document) for document in read())
        return
    totals: Counter[str] = Counter()
    for document in read():
        totals[document.lang] += len(document.text)
    for lang, total in sorted(totals.items()):
        yield from _cut((document for document in read() if document.lang == lang), total, config)


def write_sets(folder: Path, dealt: Iterable[tuple[str, Document]]) -> dict[str, int]:
    """Stream (set, document) into a file per set, in order, an empty one too; returns how many of each."""
    with ExitStack() as stack:
        files = {name: stack.enter_context(open_rows(set_path(folder, name), COLUMNS)) for name in SETS}
        for name, document in dealt:
            files[name].write(vars(document))
    return {name: file.count for name, file in files.items()}


def set_path(folder: Path, name: str) -> Path:
    """The file of a set."""
    return folder / f"{name}.parquet"


def _cut(documents: Iterable[Document], total: int, config: SplitConfig) -> Iterator[tuple[str, Document]]:
    """One language's documents as one text: the first part is train, the next val, the last test.

    A document across a border is cut there, at a character; its parts together are its text. The training part has
    int(total * (1 - val - test)) characters, as in nanoGPT's character-level recipe.
    """
    ends = (int(total * (1 - config.val - config.test)), int(total * (1 - config.test)), total)
    start = 0
    for document in documents:
        end = start + len(document.text)
        low = start
        for name, border in zip(SETS, ends, strict=True):
            high = min(end, border)
            if high > low:
                yield name, _part(document, low - start, high - start)
                low = high
        start = end


def _part(document: Document, first: int, last: int) -> Document:
    if first == 0 and last == len(document.text):
        return document
    text = document.text[first:last]
    return replace(document, text=text, id=document_id(document.lang, text))
