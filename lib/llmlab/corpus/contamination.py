"""Training text that holds pieces of the evaluation sets, prompts and answers: n-grams in common.

A piece counts when it is long by itself, 13 words as in GPT-3 (Brown et al. 2020, appendix C), or when it is much of
one item: at least half of the item's words stand in 8-grams in common, as in Tülu 3 (Lambert et al. 2024, section 3.2).
GPT-3 removes the text around it; here the document goes. Words are lower-case and without punctuation; where a script
has no spaces, n-grams are of characters. Not found: paraphrases, translations, renamed code, and quotes of less than
half an item that are under 13 words.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from llmlab.artifacts.documents import Document
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.corpus.units import SPACELESS, is_spaceless, ngrams

_WORD = re.compile(r"\w+")
_HAS_SPACELESS = re.compile(f"[{SPACELESS}]")
_Ngram = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DecontaminateConfig:
    """What counts as an overlap with the evaluation sets, and how much of it a document may have."""

    enabled: bool = True
    """False keeps every document."""
    ngram_words: Annotated[int, Field(ge=1)] = 13
    """Words in a row that are an overlap by themselves; 13 as in GPT-3 (Brown et al. 2020, appendix C)."""
    ngram_chars: Annotated[int, Field(ge=1)] = 24
    """The same in characters where a script has no spaces."""
    min_words: Annotated[int, Field(ge=1)] = 8
    """Words in a row that are an overlap when they are much of an item, 8 as in Tülu 3 (Lambert et al. 2024); shorter
    items, such as "2 + 2 = ", are everyday text and not looked for."""
    min_chars: Annotated[int, Field(ge=1)] = 16
    """The same in characters where a script has no spaces."""
    coverage: Annotated[float, Field(gt=0, le=1)] = 0.5
    """How much of an item such shorter pieces must make up together."""
    frame: Annotated[int, Field(ge=2)] = 10
    """An n-gram that stands in this many items is their frame ("Answer with one letter"), and is not looked for."""
    max_overlap: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Largest share of a document's words that may be overlaps; 0: one drops it."""


@dataclass(frozen=True)
class Item:
    """A text that a model is evaluated with: `part` of the example `example` (its prompt, its answer, or both)."""

    example: str
    part: str
    text: str


@dataclass(frozen=True)
class Overlap:
    """A document and the item it holds most of.

    `ngram` is the longest run in common, `coverage` the share of the item that stands in the document, and `share` the
    share of the document that is any item's.
    """

    document_id: str
    item: Item
    ngram: str
    coverage: float
    share: float


OVERLAP_COLUMNS = ["id", "example", "part", "ngram", "coverage", "share"]


@dataclass(frozen=True)
class _Hit:
    """What a document and one item have in common, in units: the longest run, where it starts, how much of each."""

    item: Item
    run: int
    start: int
    coverage: float
    places: frozenset[int]


def items_of(example: str, prompt: str, answer: str) -> list[Item]:
    """What to look for of one example: its two halves, and both as one text, since a half may be too short."""
    return [
        Item(example, "prompt", prompt),
        Item(example, "answer", answer),
        Item(example, "both", f"{prompt} {answer}"),
    ]


def find_overlaps(
    documents: Iterable[Document], items: Iterable[Item], config: DecontaminateConfig
) -> Iterator[Overlap]:
    """Yield, in order, an overlap for each document whose share of evaluation text is over `max_overlap`."""
    if not config.enabled:
        return
    # The same text once, in a fixed order.
    texts = list({item.text: item for item in items}.values())
    spaceless = [is_spaceless(item.text) for item in texts]
    words = _Index([t for t, s in zip(texts, spaceless, strict=True) if not s], config, in_words=True)
    characters = _Index([t for t, s in zip(texts, spaceless, strict=True) if s], config, in_words=False)
    for document in documents:
        found = words.overlap(document)
        if _HAS_SPACELESS.search(document.text):
            both = (found, characters.overlap(document))
            found = max(filter(None, both), key=lambda overlap: overlap.share, default=None)
        if found and found.share > config.max_overlap:
            yield found


def overlap_row(overlap: Overlap) -> dict[str, str]:
    """An overlap as a row of `OVERLAP_COLUMNS`, all text."""
    facts = {"example": overlap.item.example, "part": overlap.item.part, "ngram": overlap.ngram}
    return {
        "id": overlap.document_id,
        **facts,
        "coverage": f"{overlap.coverage:.3f}",
        "share": f"{overlap.share:.3f}",
    }


def drop_overlaps(
    documents: Iterable[Document], overlaps: Iterable[Overlap], config: DecontaminateConfig
) -> Iterator[Kept | Dropped]:
    """Yield every document as kept, or dropped when it is among `overlaps`, with the n-gram it shares."""
    found = {overlap.document_id: overlap for overlap in overlaps} if config.enabled else {}
    for document in documents:
        overlap = found.get(document.id)
        if overlap is None:
            yield Kept(document)
        else:
            yield Dropped(document, "decontaminate", "evaluation text", overlap.ngram)


class _Index:
    """The short n-grams of all items with their places; a long run is a row of short ones."""

    def __init__(self, items: Sequence[Item], config: DecontaminateConfig, *, in_words: bool) -> None:
        self.split = _words if in_words else _characters
        self.joint = " " if in_words else ""
        self.size, long = (config.min_words, config.ngram_words) if in_words else (config.min_chars, config.ngram_chars)
        self.long = max(long, self.size)
        self.config = config
        self.items = list(items)
        # Of each item, how many units stand in n-grams that are looked for.
        self.lengths: list[int] = []
        self.places: dict[_Ngram, list[tuple[int, int]]] = {}
        split = [self.split(item.text) for item in self.items]
        common = Counter(ngram for units in split for ngram in set(ngrams(units, self.size)))
        for number, units in enumerate(split):
            covered: set[int] = set()
            for place, ngram in enumerate(ngrams(units, self.size)):
                if common[ngram] < config.frame:
                    self.places.setdefault(ngram, []).append((number, place))
                    covered.update(range(place, place + self.size))
            self.lengths.append(len(covered))

    def overlap(self, document: Document) -> Overlap | None:
        """What a document holds of the items, or nothing that counts."""
        if not self.places:
            return None
        units = self.split(document.text)
        # Item -> (diagonal, place in the document) of every n-gram in common.
        common: dict[int, list[tuple[int, int]]] = {}
        for start, ngram in enumerate(ngrams(units, self.size)):
            for number, place in self.places.get(ngram, ()):
                common.setdefault(number, []).append((start - place, start))
        hits = [hit for hit in (self._hit(number, pairs) for number, pairs in sorted(common.items())) if hit]
        if not hits:
            return None
        best = max(hits, key=lambda hit: (hit.coverage, hit.run))
        places = frozenset().union(*(hit.places for hit in hits))
        text = self.joint.join(units[best.start : best.start + best.run])
        return Overlap(document.id, best.item, text, best.coverage, len(places) / len(units))

    def _hit(self, number: int, pairs: list[tuple[int, int]]) -> _Hit | None:
        run, start = _longest_run(sorted(pairs), self.size)
        covered = {place for diagonal, at in pairs for place in range(at - diagonal, at - diagonal + self.size)}
        coverage = len(covered) / self.lengths[number]
        if run < self.long and coverage < self.config.coverage:
            return None
        places = frozenset(place for _, at in pairs for place in range(at, at + self.size))
        return _Hit(self.items[number], run, start, coverage, places)


def _longest_run(pairs: Sequence[tuple[int, int]], size: int) -> tuple[int, int]:
    """Length and start of the longest run of units, from the sorted (diagonal, start) of n-grams of `size`."""
    best = (0, 0)
    first = 0
    for place, (diagonal, at) in enumerate(pairs):
        if place and pairs[place - 1] != (diagonal, at - 1):
            first = place
        best = max(best, (at - pairs[first][1] + size, -pairs[first][1]))
    return best[0], -best[1]


def _words(text: str) -> list[str]:
    # Without underscores around them, which are emphasis in Markdown and assignment in old Smalltalk.
    found = (word.strip("_") for word in _WORD.findall(unicodedata.normalize("NFKC", text).lower()))
    return [word for word in found if word]


def _characters(text: str) -> list[str]:
    return [character for character in unicodedata.normalize("NFKC", text).lower() if character.isalnum()]
