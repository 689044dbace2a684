"""Source text to syntax tree, by recursive descent, in any of the dialects.

Syntax only: whether a name is declared, or assigned to wrongly, is asked in `measure`. Chains (`a b c`,
`a + b + c`, `a := b := c`) are loops and may be any length; only nesting recurses, down to MAX_DEPTH.
Whoever wants a yes or a no and no tree asks `checker`, which is faster.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from llmlab.smalltalk.dialects import PHARO, Dialect
from llmlab.smalltalk.expressions import NAMES, ExpressionReader, after
from llmlab.smalltalk.lexer import SmalltalkSyntaxError, syntax_error
from llmlab.smalltalk.literals import CONSTANTS, LITERALS
from llmlab.smalltalk.nodes import (
    Constant,
    Expression,
    ForeignCall,
    Literal,
    Method,
    Pragma,
    Sequence,
    Statement,
    Variable,
)


class Pattern(NamedTuple):
    """The first part of a method: `stop` is the index just past it."""

    selector: str
    arguments: tuple[Variable, ...]
    stop: int


def parse_method(source: str, dialect: Dialect = PHARO) -> Method:
    """The tree of one whole method; raises SmalltalkSyntaxError when the text is anything else."""
    try:
        return Parser(source, dialect).method()
    except RecursionError:
        raise _too_deep(source) from None


def parse_statements(source: str, dialect: Dialect = PHARO) -> Sequence:
    """The tree of a do-it: temporaries and statements without a pattern; raises SmalltalkSyntaxError."""
    try:
        return Parser(source, without_raw(dialect)).sequence()
    except RecursionError:
        raise _too_deep(source) from None


def without_raw(dialect: Dialect) -> Dialect:
    """The dialect of do-its, where `a < b. c > d` starts with no pattern that raw text could follow."""
    return replace(dialect, raw_statements=False) if dialect.raw_statements else dialect


def parse_pattern(source: str, dialect: Dialect = PHARO) -> Pattern:
    """The pattern that `source` starts with; raises SmalltalkSyntaxError when it starts with none.

    What follows it may be of another dialect, or no Smalltalk at all.
    """
    try:
        return Parser(source, dialect).pattern()
    except SmalltalkSyntaxError as error:
        if not 0 < error.position < len(source):
            raise
        return Parser(source[: error.position], dialect).pattern()


def is_valid_method(source: str, dialect: Dialect = PHARO) -> bool:
    """Whether `source` is one whole method."""
    try:
        parse_method(source, dialect)
    except SmalltalkSyntaxError:
        return False
    return True


# Only a caller already deep in its own recursion gets here; MAX_DEPTH answers first otherwise.
def _too_deep(source: str) -> SmalltalkSyntaxError:
    return syntax_error(source, 0, "less nesting: Python's recursion limit was reached")


class Parser(ExpressionReader):
    """One pass over the tokens of one source, literals upwards."""

    # -- methods

    def method(self) -> Method:
        """A whole method."""
        pattern = self.pattern()
        pragmas = self._pragmas()
        temporaries = self._temporaries()
        pragmas += self._pragmas()
        body = self._statements()
        body += self._finish(body)
        return Method(
            pattern.selector, pattern.arguments, tuple(pragmas), temporaries, body, start=0, stop=len(self.source)
        )

    def sequence(self) -> Sequence:
        """A whole do-it."""
        temporaries = self._temporaries()
        body = self._statements()
        body += self._finish(body)
        return Sequence(temporaries, body, start=0, stop=len(self.source))

    def pattern(self) -> Pattern:
        """The pattern that comes next."""
        kind = self.token.kind
        if kind == "name":
            return Pattern(self._advance().text, (), self.last)
        if kind in self.operators:
            selector = self._advance().text
            return Pattern(selector, (self._name("an argument name after the operator"),), self.last)
        if kind != "keyword":
            self._fail("a method pattern: a name, an operator or a keyword")
        parts: list[str] = []
        arguments: list[Variable] = []
        while self.token.kind == "keyword":
            parts.append(self._advance().text)
            arguments.append(self._name("an argument name after the keyword"))
        return Pattern("".join(parts), tuple(arguments), self.last)

    def _pragmas(self) -> list[Pragma | ForeignCall]:
        pragmas: list[Pragma | ForeignCall] = []
        start = self.token.start
        while self._take_mark("<"):
            if self.token.text in self.dialect.foreign:
                pragmas.append(self._foreign_call(start))
            else:
                selector, arguments = self._pragma_message()
                self._close_pragma()
                pragmas.append(Pragma(selector, arguments, start=start, stop=self.last))
            start = self.token.start
        return pragmas

    def _close_pragma(self) -> None:
        if not self._take_mark(">"):
            self._fail("> at the end of the pragma")

    def _foreign_call(self, start: int) -> ForeignCall:
        # C has its own tokens: `char*>` is an operator to the lexer, and has the `>` at its end.
        while self.token.kind != "end" and not (self.token.kind == "binary" and ">" in self.token.text):
            self._advance()
        if self.token.text.find(">") > 0:
            self._split(self.token.text.index(">"))
            self._advance()
        text = self.source[start + 1 : self.last]
        self._close_pragma()
        return ForeignCall(text, start=start, stop=self.last)

    def _pragma_message(self) -> tuple[str, tuple[Expression, ...]]:
        kind = self.token.kind
        if kind == "name":
            return self._advance().text, ()
        if kind == "binary" and self.token.text[0] != ">":
            return self._advance().text, (self._pragma_argument(names=self.dialect.pragma_names),)
        if kind != "keyword":
            self._fail("a selector after <")
        parts: list[str] = []
        arguments: list[Expression] = []
        while self.token.kind == "keyword":
            parts.append(self._advance().text)
            arguments.append(self._pragma_argument(self._may_name(parts)))
        return "".join(parts), tuple(arguments)

    def _may_name(self, parts: list[str]) -> bool:
        """Whether a pragma's argument may be a name after these keywords."""
        if self.dialect.pragma_names or parts[0] != "primitive:":
            return self.dialect.pragma_names
        return self.dialect.primitive_names and (parts[-1] == "error:" or not self.dialect.error_names)

    def _pragma_argument(self, names: bool) -> Expression:
        if self.dialect.pragma_expressions:
            return self._closed_by(">", self._binary)
        token = self.token
        if token.text in CONSTANTS:
            self._advance()
            return Constant(token.text, start=token.start, stop=token.end)
        if token.kind in NAMES and names:
            return self._path()
        # `-` must be a number's sign here: an operator is no argument.
        if token.kind == "binary":
            return self._negative()
        read = LITERALS.get(token.kind) or _PRAGMA_ARGUMENTS.get(token.kind)
        return read(self) if read else self._missing("a literal as pragma argument")

    def _finish(self, body: tuple[Statement, ...]) -> tuple[Statement, ...]:
        """The end of the text; what a tolerant parser finds there instead."""
        if self.token.kind != "end":
            self._fail(f"the end of the text{after(body)}")
        return ()


_PRAGMA_ARGUMENTS: dict[str, Callable[[Parser], Literal]] = {"opening": Parser._opening}
