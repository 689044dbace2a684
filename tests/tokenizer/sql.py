"""The domain of SQL."""

import re

from llmlab.tokenizer.domain import Domain

PIECE = re.compile(
    r"(?P<line>\n[ \t]*)"
    r"|(?P<text>'[^']*'?|--[^\n]*)"
    r"|(?P<number>[0-9])"
    r"|(?P<keyword>\ ?[A-Z]{2,})"
    r"|(?P<name>\ ?[a-z_]\w*)"
    r"|(?P<sign>[\s\S])"
)


class SqlDomain(Domain):
    """Statements in the usual hand: keywords in capitals, names in small letters."""

    kind = "sql"
    crossing = frozenset({"line", "keyword", "name", "sign"})  # ` LEFT JOIN ` may become one token,
    opening = frozenset({"line"})  # but none that begins in one line and ends in the next,
    whole = frozenset({"name"})  # frequent names are tokens,
    spelt = frozenset({"number"})  # and numbers are spelt digit by digit.

    def segments(self, text):
        """Every character is in some piece: `sign` takes what nothing else does."""
        return ((match[0], match.lastgroup) for match in PIECE.finditer(text))
