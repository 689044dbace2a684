"""Words where a text uses few of them again and again, merges where it flows, characters where nothing is known.

For any text, mixed ones above all: keywords and parts of names (`at:`, `print` and `String` of `printString`) are whole
tokens when they are frequent and are spelt in characters when not; prose, blanks and punctuation are spelt by merges,
Chinese by merges of its own signs, numbers by digits. Where one context ends and the next begins follows from the text,
so a switch costs no token; and a token is the same bytes in any context, so decoding need not know of them.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from llmlab.tokenizer.domain import Domain, Segment

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
_PIECE = re.compile(
    r"(?P<line>\n+[ \t]*)"
    rf"|(?P<chinese>[{_HAN}]+)"
    r"|(?P<keyword>\ ?[^\W\d_]\w*:(?![=:/]))"
    # A name tells itself from a word by a capital or a digit inside of it, or by a low line.
    rf"|(?P<name>\ ?(?=[^\W{_HAN}]*(?:[a-z][A-Z]|[A-Za-z][0-9_]|_[A-Za-z]))[^\W{_HAN}]+)"
    r"|(?P<number>\ ?[0-9]+)"
    rf"|(?P<word>\ ?[^\W\d_{_HAN}]+)"
    r"|(?P<sign>\ ?[^\w\s]+|\s|[\s\S])"
)
_PART = re.compile(r" ?(?:[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|[0-9]+|_+|[\s\S])")
_DIGIT = re.compile(r" ?[0-9]")


class HybridDomain(Domain):
    """See `Domain`."""

    kind: ClassVar[str] = "hybrid"
    crossing: ClassVar[frozenset[str]] = frozenset({"line", "word", "sign"})
    opening: ClassVar[frozenset[str]] = frozenset({"line"})
    whole: ClassVar[frozenset[str]] = frozenset({"keyword", "name"})
    spelt: ClassVar[frozenset[str]] = frozenset({"keyword", "name", "number"})
    whole_share: ClassVar[float] = 0.4

    def segments(self, text: str) -> Iterator[Segment]:
        """See `Domain.segments`."""
        for match in _PIECE.finditer(text):
            context = match.lastgroup or "sign"
            if context == "name":
                yield from ((part, context) for part in _PART.findall(match[0]))
            elif context == "number":
                yield from ((digit, context) for digit in _DIGIT.findall(match[0]))
            else:
                yield match[0], context
