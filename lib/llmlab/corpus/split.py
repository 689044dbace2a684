"""Train, validation or test: by a hash of the group, so that a document's set never depends on what else there is."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Annotated, Literal

from pydantic import Field

from llmlab.artifacts.documents import Document, document_id

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


def split(documents: Iterable[Document], config: SplitConfig) -> Iterator[tuple[str, Document]]:
    """Yield (set, document). By group every document goes whole into one set, in order; by position see `_cut`."""
    if config.method == "group":
        choose = set_of(config)
        yield from ((choose(document), document) for document in documents)
        return
    held = sorted(documents, key=lambda document: document.lang)
    for _, same in groupby(held, key=lambda document: document.lang):
        yield from _cut(list(same), config)


def deal(documents: Iterable[Document], config: SplitConfig) -> dict[str, list[Document]]:
    """The documents of each set, in order; every set is there, an empty one too."""
    sets: dict[str, list[Document]] = {name: [] for name in SETS}
    for name, document in split(documents, config):
        sets[name].append(document)
    return sets


def _cut(documents: list[Document], config: SplitConfig) -> Iterator[tuple[str, Document]]:
    """One language's documents as one text: the first part is train, the next val, the last test.

    A document across a border is cut there, at a character; its parts together are its text. The training part has
    int(length * (1 - val - test)) characters, as in nanoGPT's character-level recipe.
    """
    total = sum(len(document.text) for document in documents)
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
