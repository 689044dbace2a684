"""A tree from text that is not finished yet, or not right: as much as can be read, and every error.

Nothing is thrown away: what fits nowhere stands in the tree as `Broken`, and so does, empty, what is missing.
Text without a fault gives the same tree as the strict parser.
"""

from typing import NamedTuple

from llmlab.smalltalk.dialects import PHARO, Dialect
from llmlab.smalltalk.lexer import SmalltalkSyntaxError, Token, checked_kind, scan, syntax_error
from llmlab.smalltalk.literals import MAX_DEPTH
from llmlab.smalltalk.nodes import Broken, Expression, Method, Sequence, Statement
from llmlab.smalltalk.parser import Parser, without_raw


class PartialMethod(NamedTuple):
    """A method as far as it could be read; `errors` in the order of the text, empty when it is valid."""

    tree: Method
    errors: tuple[SmalltalkSyntaxError, ...]


class PartialSequence(NamedTuple):
    """A do-it as far as it could be read."""

    tree: Sequence
    errors: tuple[SmalltalkSyntaxError, ...]


def read_method(source: str, dialect: Dialect = PHARO) -> PartialMethod:
    """The tree of a method that may be cut short or wrong; never raises SmalltalkSyntaxError."""
    reader = _TolerantParser(source, dialect)
    try:
        return PartialMethod(reader.method(), reader.sorted_errors())
    except (SmalltalkSyntaxError, RecursionError):
        return PartialMethod(Method("", (), (), (), (_all(source),), start=0, stop=len(source)), _too_deep(source))


def read_statements(source: str, dialect: Dialect = PHARO) -> PartialSequence:
    """The tree of a do-it that may be cut short or wrong; never raises SmalltalkSyntaxError."""
    reader = _TolerantParser(source, without_raw(dialect))
    try:
        return PartialSequence(reader.sequence(), reader.sorted_errors())
    except (SmalltalkSyntaxError, RecursionError):
        return PartialSequence(Sequence((), (_all(source),), start=0, stop=len(source)), _too_deep(source))


def _all(source: str) -> Broken:
    return Broken(source, start=0, stop=len(source))


# The one error that a tolerant parser cannot go on after.
def _too_deep(source: str) -> tuple[SmalltalkSyntaxError, ...]:
    return (syntax_error(source, 0, f"at most {MAX_DEPTH} levels of nesting"),)


# A quote without its partner, and what kind of token the text from there to the end may count as.
_UNCLOSED = {"'": "string", '"': "comment"}
_CLOSERS = frozenset({")", "]", "}", "`"})


class _TolerantParser(Parser):
    """Takes note of errors, and goes on."""

    def __init__(self, source: str, dialect: Dialect) -> None:
        self.errors: list[SmalltalkSyntaxError] = []
        self.places: set[int] = set()
        super().__init__(source, dialect)

    def sorted_errors(self) -> tuple[SmalltalkSyntaxError, ...]:
        return tuple(sorted(self.errors, key=lambda error: error.position))

    def _read_tokens(self) -> list[Token]:
        tokens: list[Token] = []
        for token in scan(self.source, self.dialect):
            try:
                kind = checked_kind(self.source, token.kind, token.text, token.start)
            except SmalltalkSyntaxError as error:
                self._note(error)
                if token.text in _UNCLOSED:
                    if token.text == "'":
                        text = self.source[token.start :] + "'"
                        tokens.append(Token("string", text, token.start, len(self.source)))
                    break
                # Not an integer, so that nobody asks for the value of digits that do not suit their radix.
                kind = "float" if token.kind in ("radix", "unfinished") else "bad"
            if kind not in ("comment", "bad"):
                tokens.append(token._replace(kind=kind))
        return tokens

    def _fail(self, what: str) -> None:
        position = self.token.start
        # One error for one place: what follows from it would only confuse.
        if position not in self.places:
            self._note(syntax_error(self.source, position, what))

    def _note(self, error: SmalltalkSyntaxError) -> None:
        self.errors.append(error)
        self.places.add(error.position)

    def _statement(self) -> Statement:
        index = self.index
        node = super()._statement()
        if self.token.text == "." or self.token.text in _CLOSERS or self.token.kind == "end":
            return node
        # Text goes on where a period was due: a new statement, unless nothing can start with this token.
        self._fail("a period or the end of the statement")
        return node if self.index > index else self._skipped()

    def _statements(self) -> tuple[Statement, ...]:
        body = list(super()._statements())
        # The strict loop ends at anything but a period; here it goes on where the last statement broke off.
        while self.token.text not in _CLOSERS and self.token.kind != "end":
            body += super()._statements()
        return tuple(each for each in body if not (isinstance(each, Broken) and not each.text))

    def _finish(self, body: tuple[Statement, ...]) -> tuple[Statement, ...]:
        super()._finish(body)
        rest: list[Statement] = []
        while self.token.kind != "end":
            rest.append(self._skipped())
            rest += self._statements()
        return tuple(rest)

    def _tail(self, node: Expression) -> Expression:
        while self.token.text == ";":
            self._advance()
            self._message()
        return node

    def _skipped(self) -> Broken:
        """The present token, as text that fits nowhere."""
        token = self._advance()
        return Broken(token.text, start=token.start, stop=token.end)
