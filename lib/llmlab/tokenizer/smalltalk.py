"""Smalltalk: what the lexer takes for a token is a piece, and what often stands side by side becomes one.

A name, a keyword, an operator, a literal is a piece, with the single blank before it; so is each word of a comment or a
string, and the start of each line with its indentation. Late merges may cross all of that, so that ` ifTrue: [ ^ self`,
` [ :each | ` and `.\\n\\t\\tself ` become tokens.

In a Tonel file each method repeats the name of its class, which may be several tokens and tells nothing new. There a
mark stands for the name that was named last. So all that lies between two methods, from `]` to ` >> `, can be a token,
and a run begins after it.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from llmlab.smalltalk.dialects import PHARO
from llmlab.smalltalk.lexer import token_pattern
from llmlab.tokenizer.domain import MARKS, Domain, DomainTokenizer, Segment

_SAME_CLASS = MARKS[0]
# What names a class at the start of a line: its definition, or a method.
_CLASS = re.compile(
    rf"(?m:^)(?:(?:\t|(?:Class|Trait|Extension) {{ )#name : #?'?(?P<defined>\w+)"
    rf"|(?P<owner>[^\W\d]\w*|{_SAME_CLASS})(?= (?:class )?>> ))",
    re.ASCII,
)
# Where a run begins: at the selector of a method, and at a blank line before text that is not indented, unless a class
# or a method ends there.
_BORDER = re.compile(
    rf"(?<![\s\]}}])(?=[ \t\r\f]*\n[ \t\r\f]*\n[^\s])|(?<=\n{_SAME_CLASS} >> )|(?<=\n{_SAME_CLASS} class >> )"
)
_WORD = re.compile(r"\s*\n\s*| ?[^\W\d_]+| ?[0-9]{1,3}| ?[^\w\s]+|\s|_+")
_KEYWORDS = re.compile(r"(?:[^\W\d]\w*:){2,}")
_GAP, _LINE, _BLANK, _TEXT = "gap", "line", "blank", "text"


class SmalltalkDomain(Domain):
    """See `Domain`. Contexts are the lexer's kinds of token, the words of texts, and what lies between."""

    kind: ClassVar[str] = "smalltalk"
    crossing: ClassVar[frozenset[str]] = frozenset(
        {_GAP, _LINE, _BLANK, _TEXT, *(kind for kind in token_pattern(PHARO).groupindex if kind != "end")}
    )
    opening: ClassVar[frozenset[str]] = frozenset({_GAP})
    whole: ClassVar[frozenset[str]] = frozenset({"keyword", "symbol", "name", "binary"})

    def segments(self, text: str) -> Iterator[Segment]:
        """See `Domain.segments`."""
        borders = [*(match.start() for match in _BORDER.finditer(text)), len(text)]
        passed = start = 0
        for piece, kind in _pieces(text):
            end, context = start + len(piece), kind
            while borders[passed] < end:
                if borders[passed] > start:
                    yield text[start : borders[passed]], context
                start, context = borders[passed], _GAP
                passed += 1
            yield text[start:end], context
            start = end

    def rewrite(self, text: str) -> str:
        """See `Domain.rewrite`."""
        last = ""

        def name(match: re.Match[str]) -> str:
            nonlocal last
            same = match["owner"] == last != ""
            last = match["defined"] or match["owner"]
            return _SAME_CLASS if same else match[0]

        return _CLASS.sub(name, text)

    def restore(self, text: str) -> str:
        """See `Domain.restore`."""
        last = ""

        def name(match: re.Match[str]) -> str:
            nonlocal last
            if match["owner"] == _SAME_CLASS:
                return last or _SAME_CLASS
            last = match["defined"] or match["owner"]
            return match[0]

        return _CLASS.sub(name, text)

    def runs(self, text: str) -> Iterator[Segment]:
        """See `Domain.runs`: no lexer is needed to find them, and the context of a run does not matter."""
        return ((run, _GAP) for run in _BORDER.split(text) if run)


def _pieces(text: str) -> Iterator[Segment]:
    for match in token_pattern(PHARO).finditer(text):
        kind = match.lastgroup or "end"
        start, end = match.span(match.lastindex or 0)
        blanks = text[match.start() : start]
        if blanks and (blanks != " " or kind == "end"):
            yield blanks, _LINE if "\n" in blanks else _BLANK
            blanks = ""
        if kind in ("comment", "string") or "'" in text[start:end]:
            yield from ((piece, _TEXT) for piece in _WORD.findall(blanks + text[start:end]))
        elif kind != "end":
            yield blanks + text[start:end], kind


def linked_selectors(tokenizer: DomainTokenizer) -> dict[int, list[int]]:
    """Id of each selector of several keywords that is a token (`#at:put:`) to the ids of its parts (`at:`, ` put:`).

    The parts are spelt as in a message, so a part of several tokens gives all of them. Who trains a model may start a
    whole selector's embedding from those of its parts.
    """
    links: dict[int, list[int]] = {}
    for token in range(tokenizer.vocab_size):
        found = _KEYWORDS.search(tokenizer.token_bytes(token).decode("utf-8", errors="replace"))
        if found and found[0] == found.string.strip(" #"):
            keywords = re.findall("[^:]+:", found[0])
            spelt = [keywords[0], *(f" {keyword}" for keyword in keywords[1:])]
            links[token] = [each for keyword in spelt for each in tokenizer.encode(keyword)]
    return links
