"""The domain of Smalltalk code."""

from collections.abc import Iterator
from typing import ClassVar

from llmlab.smalltalk.lexer import scan
from llmlab.tokenizer.domain import Domain, Segment


class SmalltalkDomain(Domain):
    """Smalltalk."""

    kind: ClassVar[str] = "smalltalk"
    crossing: ClassVar[frozenset[str]] = frozenset({"code", "blank"})
    whole: ClassVar[frozenset[str]] = frozenset({"code"})

    def segments(self, text: str) -> Iterator[Segment]:
        """See `Domain.segments`."""
        end = 0
        for token in scan(text):
            if end < token.start:
                yield text[end : token.start], "blank"
            yield token.text, "code"
            end = token.end
        if end < len(text):
            yield text[end:], "blank"
