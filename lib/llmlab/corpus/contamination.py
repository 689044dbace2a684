"""Training documents that hold pieces of the evaluation sets: n-grams in common, after GPT-3 (Brown et al. 2020).

Appendix C there removes text around shared 13-grams of lower-cased words without punctuation; here the document goes.
Where a script has no spaces, n-grams are of characters.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from llmlab.artifacts.documents import Document
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.corpus.units import SPACELESS, is_spaceless

_WORD = re.compile(r"\w+")
_HAS_SPACELESS = re.compile(f"[{SPACELESS}]")
_Index = dict[int, set[tuple[str, ...]]]


@dataclass(frozen=True, kw_only=True)
class DecontaminateConfig:
    """What counts as an overlap with the evaluation sets, and how much of it a document may have."""

    enabled: bool = True
    """False keeps every document."""
    ngram_words: Annotated[int, Field(ge=1)] = 13
    """Words of an overlap; 13 as in GPT-3 (Brown et al. 2020, appendix C)."""
    ngram_chars: Annotated[int, Field(ge=1)] = 24
    """Characters of an overlap where a script has no spaces."""
    min_words: Annotated[int, Field(ge=1)] = 8
    """A prompt shorter than an n-gram is looked for as a whole from this many words on (GPT-3 went down to 8);
    still shorter ones, such as "2 + 2 = ", are everyday text."""
    min_chars: Annotated[int, Field(ge=1)] = 16
    """The same in characters where a script has no spaces."""
    max_overlap: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Largest share of a document's n-grams that may be overlaps; 0: one drops it."""


@dataclass(frozen=True)
class Overlap:
    """A contaminated document: the first n-gram found in a prompt, and the share of its n-grams that were."""

    document_id: str
    ngram: str
    share: float


def find_overlaps(
    documents: Iterable[Document], prompts: Iterable[str], config: DecontaminateConfig
) -> Iterator[Overlap]:
    """Yield, in order, an overlap for each document whose share of contaminated n-grams is over `max_overlap`."""
    if not config.enabled:
        return
    words, characters = _index(prompts, config)
    for document in documents:
        found = _overlap(document, _words(document.text), words, " ") if words else None
        if characters and _HAS_SPACELESS.search(document.text):
            in_characters = _overlap(document, _characters(document.text), characters, "")
            found = max(filter(None, (found, in_characters)), key=lambda overlap: overlap.share, default=None)
        if found and found.share > config.max_overlap:
            yield found


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


def _index(prompts: Iterable[str], config: DecontaminateConfig) -> tuple[_Index, _Index]:
    """n-grams of all prompts by their length: those in words, and those in characters."""
    words: _Index = {}
    characters: _Index = {}
    for prompt in prompts:
        if is_spaceless(prompt):
            _add(_characters(prompt), config.ngram_chars, config.min_chars, characters)
        else:
            _add(_words(prompt), config.ngram_words, config.min_words, words)
    return words, characters


def _add(units: list[str], size: int, smallest: int, index: _Index) -> None:
    size = min(size, max(len(units), smallest))
    for ngram in _ngrams(units, size):
        index.setdefault(size, set()).add(ngram)


def _overlap(document: Document, units: list[str], index: _Index, joint: str) -> Overlap | None:
    """The longest n-grams first, so that the one reported says most; the share is the largest over the lengths."""
    first: tuple[str, ...] | None = None
    share = 0.0
    for size in sorted(index, reverse=True):
        ngrams = list(_ngrams(units, size))
        hits = [ngram for ngram in ngrams if ngram in index[size]]
        if hits:
            first = first or hits[0]
            share = max(share, len(hits) / len(ngrams))
    return Overlap(document.id, joint.join(first), share) if first else None


def _ngrams(units: list[str], size: int) -> Iterator[tuple[str, ...]]:
    return zip(*(units[start:] for start in range(size)), strict=False)


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).lower())


def _characters(text: str) -> list[str]:
    return [character for character in unicodedata.normalize("NFKC", text).lower() if character.isalnum()]
