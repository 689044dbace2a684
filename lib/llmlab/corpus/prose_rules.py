"""Rules for prose from the web, those of Gopher and FineWeb: each looks at words or lines and says what is wrong.

Gopher is Rae et al. 2021 (arXiv 2112.11446), appendix A1.1; FineWeb is Penedo et al. 2024 (arXiv 2406.17557), section
3.6. Both were made for English web pages. Where a script writes no spaces, two characters count as a word, lines are
half as long, and what is said about the length of words or about English words does not hold.
"""

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from llmlab.corpus.units import is_spaceless

Share = Annotated[float, Field(ge=0, le=1)]

_ELLIPSIS = re.compile(r"\.\.\.|…")
_LINE_ENDS = (
    ".",
    "?",
    "!",
    ":",
    ";",
    '"',
    "'",
    "”",
    "’",
    ")",
    "»",
    "…",
    "。",
    "？",
    "！",
    "：",
    "；",
    "」",
    "』",
    "）",
    "—",
)
_BULLETS = ("•", "-", "*", "·", "●", "–")
_STOP_WORDS = frozenset("the be to of and that have with".split())


@dataclass(frozen=True, kw_only=True)
class ProseRules:
    """Where the rules for prose draw their lines; documents of kind `prose` only."""

    min_words: Annotated[int, Field(ge=1)] = 50
    """Words from which on a text is judged. Gopher drops shorter texts; here a short text is no fault (`min_chars`)."""
    min_word_length: Annotated[float, Field(ge=0)] = 3
    """Least mean length of a word (Gopher: 3)."""
    max_word_length: Annotated[float, Field(ge=0)] = 10
    """Greatest mean length of a word (Gopher: 10)."""
    max_hash_share: Share = 0.1
    """Hash signs per word (Gopher: 0.1)."""
    max_ellipsis_share: Share = 0.1
    """Ellipses per word (Gopher: 0.1)."""
    max_bullet_lines: Share = 0.9
    """Lines that begin with a bullet (Gopher: 0.9)."""
    max_ellipsis_lines: Share = 0.3
    """Lines that end in an ellipsis (Gopher: 0.3)."""
    min_letter_words: Share = 0.8
    """Words that hold a letter (Gopher: 0.8)."""
    min_stop_words: Annotated[int, Field(ge=0)] = 2
    """Different ones of the, be, to, of, and, that, have, with, in English only (Gopher: 2)."""
    min_lines: Annotated[int, Field(ge=1)] = 4
    """Lines from which on the two rules below judge (own): a text cut from a larger one may be a line or two."""
    min_ended_lines: Share = 0.12
    """Lines that end in a sign that ends a sentence (FineWeb: 0.12)."""
    max_short_lines: Share = 0.67
    """Lines of at most `short_line` characters (FineWeb: 0.67)."""
    short_line: Annotated[int, Field(ge=1)] = 30
    """What a short line is (FineWeb: 30)."""
    max_line_breaks: Share = 0.3
    """Line breaks per word: above it a text is a list (datatrove's FineWebQualityFilter: 0.3)."""


def find_prose_fault(text: str, lang: str, rules: ProseRules) -> str | None:
    """The first thing wrong with a text as prose, or None; a text of fewer than `min_words` is not judged."""
    spaceless = is_spaceless(text)
    words = text.split()
    number = sum(not character.isspace() for character in text) / 2 if spaceless else float(len(words))
    if number < rules.min_words:
        return None
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return (
        (None if spaceless else _faulty_words(words, lang, rules))
        or _faulty_signs(text, number, rules)
        or _faulty_lines(lines, rules, rules.short_line // 2 if spaceless else rules.short_line)
        or ("list of lines" if text.count("\n") > rules.max_line_breaks * number else None)
    )


def _faulty_words(words: list[str], lang: str, rules: ProseRules) -> str | None:
    real = [word for word in words if any(map(str.isalnum, word))]
    mean = sum(map(len, real)) / len(real) if real else 0.0
    if not rules.min_word_length <= mean <= rules.max_word_length:
        return "words too short" if mean < rules.min_word_length else "words too long"
    if sum(any(map(str.isalpha, word)) for word in words) < rules.min_letter_words * len(words):
        return "words without letters"
    if lang == "english":
        plain = {word.strip(".,;:!?\"'()“”‘’").lower() for word in words}
        return "no stop words" if len(_STOP_WORDS & plain) < rules.min_stop_words else None
    return None


def _faulty_signs(text: str, words: float, rules: ProseRules) -> str | None:
    if text.count("#") > rules.max_hash_share * words:
        return "too many hash signs"
    return "too many ellipses" if len(_ELLIPSIS.findall(text)) > rules.max_ellipsis_share * words else None


def _faulty_lines(lines: list[str], rules: ProseRules, short: int) -> str | None:
    total = len(lines)
    if sum(line.startswith(_BULLETS) for line in lines) > rules.max_bullet_lines * total:
        return "mostly bullet points"
    if sum(line.endswith(("...", "…")) for line in lines) > rules.max_ellipsis_lines * total:
        return "lines end in ellipses"
    if total < rules.min_lines:
        return None
    if sum(line.endswith(_LINE_ENDS) for line in lines) < rules.min_ended_lines * total:
        return "lines do not end"
    return "mostly short lines" if sum(len(line) <= short for line in lines) > rules.max_short_lines * total else None
