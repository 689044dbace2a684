"""Source text to syntax tree, by recursive descent, in Pharo's dialect.

Syntax only: whether a name is declared, or assigned to wrongly, is asked in `measure`. Chains (`a b c`,
`a + b + c`, `a := b := c`) are loops and may be any length; only nesting recurses, down to MAX_DEPTH.
"""

from collections.abc import Callable
from typing import NamedTuple

from llmlab.smalltalk.lexer import SmalltalkSyntaxError, syntax_error
from llmlab.smalltalk.literals import CONSTANTS, LITERALS, LiteralReader
from llmlab.smalltalk.nodes import (
    Assign,
    Block,
    BraceArray,
    Cascade,
    Expression,
    Literal,
    Message,
    Method,
    Pragma,
    Return,
    Send,
    Sequence,
    Statement,
    Variable,
)


class Pattern(NamedTuple):
    """The first part of a method: `stop` is the index just past it."""

    selector: str
    arguments: tuple[Variable, ...]
    stop: int


def parse_method(source: str) -> Method:
    """The tree of one whole method; raises SmalltalkSyntaxError when the text is anything else."""
    try:
        return _Parser(source).method()
    except RecursionError:
        raise _too_deep(source) from None


def parse_statements(source: str) -> Sequence:
    """The tree of a do-it: temporaries and statements without a pattern; raises SmalltalkSyntaxError."""
    try:
        return _Parser(source).sequence()
    except RecursionError:
        raise _too_deep(source) from None


def parse_pattern(source: str) -> Pattern:
    """The pattern that `source` starts with; raises SmalltalkSyntaxError when it starts with none."""
    return _Parser(source).pattern()


def is_valid_method(source: str) -> bool:
    """Whether `source` is one whole method."""
    try:
        parse_method(source)
    except SmalltalkSyntaxError:
        return False
    return True


# Only a caller already deep in its own recursion gets here; MAX_DEPTH answers first otherwise.
def _too_deep(source: str) -> SmalltalkSyntaxError:
    return syntax_error(source, 0, "less nesting: Python's recursion limit was reached")


class _Parser(LiteralReader):
    """One pass over the tokens of one source, literals upwards."""

    # -- methods

    def method(self) -> Method:
        pattern = self.pattern()
        pragmas = self._pragmas()
        temporaries = self._temporaries()
        pragmas += self._pragmas()
        body = self._statements()
        self._finish(body)
        return Method(
            pattern.selector, pattern.arguments, tuple(pragmas), temporaries, body, start=0, stop=len(self.source)
        )

    def sequence(self) -> Sequence:
        temporaries = self._temporaries()
        body = self._statements()
        self._finish(body)
        return Sequence(temporaries, body, start=0, stop=len(self.source))

    def pattern(self) -> Pattern:
        kind = self.token.kind
        if kind == "name":
            return Pattern(self._advance().text, (), self.last)
        if kind == "binary":
            selector = self._advance().text
            return Pattern(selector, (self._name("an argument name after the operator"),), self.last)
        if kind != "keyword":
            raise self._expected("a method pattern: a name, an operator or a keyword")
        parts: list[str] = []
        arguments: list[Variable] = []
        while self.token.kind == "keyword":
            parts.append(self._advance().text)
            arguments.append(self._name("an argument name after the keyword"))
        return Pattern("".join(parts), tuple(arguments), self.last)

    def _pragmas(self) -> list[Pragma]:
        pragmas: list[Pragma] = []
        start = self.token.start
        while self._take_mark("<"):
            selector, arguments = self._pragma_message()
            if not self._take_mark(">"):
                raise self._expected("> at the end of the pragma")
            pragmas.append(Pragma(selector, arguments, start=start, stop=self.last))
            start = self.token.start
        return pragmas

    def _pragma_message(self) -> tuple[str, tuple[Literal | Variable, ...]]:
        kind = self.token.kind
        if kind == "name":
            return self._advance().text, ()
        if kind == "binary" and self.token.text[0] != ">":
            return self._advance().text, (self._pragma_argument(),)
        if kind != "keyword":
            raise self._expected("a selector after <")
        parts: list[str] = []
        arguments: list[Literal | Variable] = []
        while self.token.kind == "keyword":
            parts.append(self._advance().text)
            arguments.append(self._pragma_argument())
        return "".join(parts), tuple(arguments)

    def _pragma_argument(self) -> Literal | Variable:
        token = self.token
        if token.kind == "name" and token.text not in CONSTANTS:
            return self._name("a pragma argument")
        # `-` must be a number's sign here: an operator is no argument.
        if token.kind == "binary":
            return self._negative()
        if token.kind in ("keyword", "punctuation", "caret"):
            raise self._expected("a literal as pragma argument")
        return self._element()

    def _temporaries(self) -> tuple[Variable, ...]:
        if not self._take_mark("|"):
            return ()
        names: list[Variable] = []
        while not self._take_mark("|"):
            names.append(self._name("a temporary's name or the closing |"))
        if self.token.kind == "binary" and self.token.text[0] == "|":
            raise self._expected("statements: only one list of temporaries is allowed")
        return tuple(names)

    def _finish(self, body: tuple[Statement, ...]) -> None:
        if self.token.kind != "end":
            raise self._expected(f"the end of the text{_after(body)}")

    # -- statements and expressions

    def _statements(self) -> tuple[Statement, ...]:
        body: list[Statement] = []
        while True:
            while self.token.text == ".":
                self._advance()
            token = self.token
            if token.text in ("]", ""):
                return tuple(body)
            if body and isinstance(body[-1], Return):
                raise self._expected("nothing more in this body, since a return ends it")
            if token.kind == "caret":
                self._advance()
                value = self._expression()
                body.append(Return(value, start=token.start, stop=self.last))
            else:
                body.append(self._expression())
            if self.token.text != ".":
                return tuple(body)

    def _expression(self) -> Expression:
        targets: list[Variable] = []
        while self.token.kind == "name" and self.tokens[self.index + 1].kind == "assign":
            targets.append(self._name("a variable"))
            self._advance()
        start = self.token.start
        node = self._binary()
        if self.token.kind == "keyword":
            parts: list[str] = []
            arguments: list[Expression] = []
            while self.token.kind == "keyword":
                parts.append(self._advance().text)
                arguments.append(self._binary())
            node = Send(node, "".join(parts), tuple(arguments), start=start, stop=self.last)
        if self.token.text == ";":
            node = self._cascade(node, start)
        for target in reversed(targets):
            node = Assign(target, node, start=target.start, stop=self.last)
        return node

    def _binary(self) -> Expression:
        start = self.token.start
        node = self._operand()
        while self.token.kind == "binary":
            operator = self._advance()
            argument = self._operand()
            node = Send(node, operator.text, (argument,), start=start, stop=self.last)
        return node

    def _operand(self) -> Expression:
        token = self.token
        node: Expression
        if token.kind == "name":
            self._advance()
            node = Variable(token.text, start=token.start, stop=token.end)
        else:
            read = _PRIMARIES.get(token.kind) or _PRIMARIES.get(token.text)
            if read is None:
                raise self._expected("an operand")
            node = read(self)
        while self.token.kind == "name":
            selector = self._advance()
            node = Send(node, selector.text, (), start=token.start, stop=selector.end)
        return node

    def _cascade(self, first: Expression, start: int) -> Cascade:
        # A send in parentheses starts after its parenthesis, so it does not start where the expression does.
        if not isinstance(first, Send) or first.start != start:
            raise self._expected("a message before the semicolon")
        messages = [Message(first.selector, first.arguments, start=first.receiver.stop, stop=first.stop)]
        while self.token.text == ";":
            self._advance()
            messages.append(self._message())
        return Cascade(first.receiver, tuple(messages), start=start, stop=self.last)

    def _message(self) -> Message:
        token = self.token
        if token.kind == "name":
            self._advance()
            return Message(token.text, (), start=token.start, stop=token.end)
        if token.kind == "binary":
            self._advance()
            argument = self._operand()
            return Message(token.text, (argument,), start=token.start, stop=self.last)
        if token.kind != "keyword":
            raise self._expected("a message after the semicolon")
        parts: list[str] = []
        arguments: list[Expression] = []
        while self.token.kind == "keyword":
            parts.append(self._advance().text)
            arguments.append(self._binary())
        return Message("".join(parts), tuple(arguments), start=token.start, stop=self.last)

    # -- primaries

    def _parenthesis(self) -> Expression:
        self._open()
        node = self._expression()
        self._close(")", "a closing parenthesis")
        return node

    def _block(self) -> Block:
        start = self._open().start
        parameters: list[Variable] = []
        while self.token.text == ":":
            self._advance()
            parameters.append(self._name("a block parameter after the colon"))
        if parameters and self.token.text != "]" and not self._take_mark("|"):
            raise self._expected("| after the block parameters")
        temporaries = self._temporaries()
        body = self._statements()
        self._close("]", f"a closing bracket{_after(body)}")
        return Block(tuple(parameters), temporaries, body, start=start, stop=self.last)

    def _brace(self) -> BraceArray:
        start = self._open().start
        elements: list[Expression] = []
        while True:
            while self.token.text == ".":
                self._advance()
            if self.token.text == "}":
                break
            elements.append(self._expression())
            if self.token.text != ".":
                break
        self._close("}", "a closing brace or a period")
        return BraceArray(tuple(elements), start=start, stop=self.last)


def _after(body: tuple[Statement, ...]) -> str:
    if not body:
        return ""
    return " after the return" if isinstance(body[-1], Return) else " or a period after the statement"


_PRIMARIES: dict[str, Callable[[_Parser], Expression]] = {
    **LITERALS,
    "-": _Parser._negative,
    "(": _Parser._parenthesis,
    "[": _Parser._block,
    "{": _Parser._brace,
}
