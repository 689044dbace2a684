"""Statements and expressions, read from the tokens of one source: the middle of the parser."""

from collections.abc import Callable

from llmlab.smalltalk.dialects import Dialect
from llmlab.smalltalk.lexer import Token
from llmlab.smalltalk.literals import LITERALS, LiteralReader
from llmlab.smalltalk.nodes import (
    Assign,
    Block,
    BraceArray,
    Broken,
    Cascade,
    CompileTime,
    Dictionary,
    Expression,
    ExpressionArray,
    Literal,
    Message,
    RawStatement,
    Return,
    Send,
    Statement,
    Variable,
)


class ExpressionReader(LiteralReader):
    """One pass over the tokens of one source, up to lists of statements."""

    def __init__(self, source: str, dialect: Dialect) -> None:
        super().__init__(source, dialect)
        # What ends an expression besides brackets: `>` in a GNU pragma, `,` in a GemStone array, a backtick in Cuis.
        self.closer = ""
        self.operators = _WITH_CARET if dialect.caret_sends else _OPERATORS

    def _temporaries(self) -> tuple[Variable, ...]:
        if (self.token.text == "||" and not self.dialect.empty_bars) or not self._take_mark("|"):
            return ()
        names: list[Variable] = []
        while self.token.kind == "name":
            names.append(self._name("a temporary's name"))
        if not self._take_mark("|"):
            self._fail("a temporary's name or the closing |")
        elif self.token.kind == "binary" and self.token.text[0] == "|":
            self._fail("statements: only one list of temporaries is allowed")
        return tuple(names)

    def _closed_by(self, closer: str, read: Callable[[], Expression]) -> Expression:
        before, self.closer = self.closer, closer
        try:
            return read()
        finally:
            self.closer = before

    # -- statements and expressions

    def _statements(self) -> tuple[Statement, ...]:
        body: list[Statement] = []
        several = self.dialect.empty_statements
        while True:
            while several and self.token.text == ".":
                self._advance()
            if self.token.text in _ENDS or self.token.text == self.closer:
                return tuple(body)
            if body and isinstance(body[-1], Return) and not self.dialect.unreachable:
                self._fail("nothing more in this body, since a return ends it")
            body.append(self._statement())
            if self.token.text != ".":
                return tuple(body)
            self._advance()
            if isinstance(body[-1], Return):
                several = self.dialect.periods_after_return

    def _statement(self) -> Statement:
        token = self.token
        if token.kind == "raw":
            self._advance()
            return RawStatement(token.text[1:-1], start=token.start, stop=token.end)
        if token.kind != "caret":
            return self._expression()
        self._advance()
        value = self._expression()
        return Return(value, start=token.start, stop=self.last)

    def _expression(self) -> Expression:
        targets: list[Variable] = []
        while self.token.kind in NAMES and self.tokens[self.index + 1].kind == "assign":
            token = self._advance()
            targets.append(Variable(token.text, start=token.start, stop=token.end))
            self._advance()
        start = self.token.start
        node = self._binary()
        if self.token.kind == "keyword":
            node = self._keyword_send(node, start)
        if self.token.text == ";":
            node = self._cascade(node, start)
        # Only the lexer of Cuis makes this token.
        while self.token.kind == "colons":
            node = self._sent_to_all(node, start)
        for target in reversed(targets):
            node = Assign(target, node, start=target.start, stop=self.last)
        return node

    def _keyword_send(self, receiver: Expression, start: int) -> Send:
        parts: list[str] = []
        arguments: list[Expression] = []
        while self.token.kind == "keyword":
            parts.append(self._advance().text)
            arguments.append(self._binary())
        return Send(receiver, "".join(parts), tuple(arguments), start=start, stop=self.last)

    def _binary(self) -> Expression:
        start = self.token.start
        node = self._operand()
        while self.token.kind in self.operators and self.token.text != self.closer:
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
            node = read(self) if read else self._missing("an operand")
        while self.token.kind == "name":
            selector = self._advance()
            node = Send(node, selector.text, (), start=token.start, stop=selector.end)
        return self._path_sends(node, token) if self.token.kind == "path" else node

    def _path(self) -> Variable:
        token = self._advance()
        return Variable(token.text, start=token.start, stop=token.end)

    def _path_sends(self, node: Expression, first: Token) -> Expression:
        while self.token.kind in NAMES and self.dialect.path_selectors:
            selector = self._advance()
            node = Send(node, selector.text, (), start=first.start, stop=selector.end)
        return node

    def _sent_to_all(self, receiver: Expression, start: int) -> Expression:
        """`:: messages`, all of them to what stands before."""
        self._advance()
        if self.token.kind not in _MESSAGES:
            self._fail("a message after ::")
        node = receiver
        while self.token.kind == "name":
            selector = self._advance()
            node = Send(node, selector.text, (), start=start, stop=selector.end)
        while self.token.kind == "binary":
            operator = self._advance()
            node = Send(node, operator.text, (self._operand(),), start=start, stop=self.last)
        if self.token.kind == "keyword":
            node = self._keyword_send(node, start)
        return self._cascade(node, start) if self.token.text == ";" else node

    def _cascade(self, first: Expression, start: int) -> Expression:
        # A send in parentheses starts after its parenthesis, so it does not start where the expression does.
        if not isinstance(first, Send) or first.start != start:
            self._fail("a message before the semicolon")
            return self._tail(first)
        messages = [Message(first.selector, first.arguments, start=first.receiver.stop, stop=first.stop)]
        while self.token.text == ";":
            self._advance()
            message = self._message()
            if self.dialect.cascade_goes_on and message is not None and self.token.kind in _MESSAGES:
                message = self._going_on(message)
            if message is not None:
                messages.append(message)
        return Cascade(first.receiver, tuple(messages), start=start, stop=self.last)

    def _tail(self, node: Expression) -> Expression:
        """What a tolerant parser makes of a semicolon where no cascade can be."""
        return node

    def _going_on(self, first: Message) -> Message:
        """`c d + e` after a semicolon in Dolphin: the rest goes to the answer of the first message."""
        rest: list[Message] = []
        # In order by themselves: an argument takes every message that binds more tightly than its own.
        while self.token.kind in _MESSAGES and (message := self._message()):
            rest.append(message)
        return Message(first.selector, first.arguments, tuple(rest), start=first.start, stop=self.last)

    def _message(self) -> Message | None:
        token = self.token
        if token.kind == "name":
            self._advance()
            return Message(token.text, (), start=token.start, stop=token.end)
        if token.kind in self.operators:
            self._advance()
            argument = self._operand()
            return Message(token.text, (argument,), start=token.start, stop=self.last)
        if token.kind != "keyword":
            self._fail("a message after the semicolon")
            return None
        parts: list[str] = []
        arguments: list[Expression] = []
        while self.token.kind == "keyword":
            parts.append(self._advance().text)
            arguments.append(self._binary())
        return Message("".join(parts), tuple(arguments), start=token.start, stop=self.last)

    # -- primaries

    def _parenthesis(self) -> Expression:
        self._open()
        node = self._expression() if not self.closer else self._closed_by("", self._expression)
        self._close(")", "a closing parenthesis")
        return node

    def _block(self) -> Block:
        start = self._open().start
        before, self.closer = self.closer, ""
        parameters = self._parameters()
        bare = self.token.text == "]" and self.dialect.bare_parameters
        if parameters and not bare and not self._take_mark("|"):
            self._fail("| after the block parameters")
        temporaries = self._temporaries() if self.dialect.block_temporaries else ()
        body = self._statements()
        self._close("]", f"a closing bracket{after(body)}")
        self.closer = before
        return Block(tuple(parameters), temporaries, body, start=start, stop=self.last)

    def _parameters(self) -> list[Variable]:
        parameters: list[Variable] = []
        while self.token.text == ":":
            self._advance()
            while self.token.kind == "keyword" and self.dialect.glued_parameters:
                glued = self._advance()
                parameters.append(Variable(glued.text[:-1], start=glued.start, stop=glued.end - 1))
            parameters.append(self._name("a block parameter after the colon"))
        return parameters

    def _brace(self) -> BraceArray | Broken:
        if not self.dialect.braces:
            return self._missing("an operand")
        start = self._open().start
        elements = self._elements()
        self._close("}", "a closing brace or a period")
        return BraceArray(elements, start=start, stop=self.last)

    def _elements(self) -> tuple[Statement, ...]:
        """Expressions with periods between them."""
        before, self.closer = self.closer, ""
        elements: list[Statement] = []
        several = self.dialect.empty_elements
        read = self._statement if self.dialect.brace_returns else self._expression
        while True:
            while several and self.token.text == ".":
                self._advance()
            if self.token.text in _ENDS:
                break
            elements.append(read())
            if self.token.text != ".":
                break
            self._advance()
        self.closer = before
        return tuple(elements)

    def _bytes_or_expressions(self) -> Literal | ExpressionArray:
        first, second = self.tokens[self.index + 1], self.tokens[min(self.index + 2, len(self.tokens) - 1)]
        # A list of bytes, or nothing at all: bytes in GemStone too.
        plain = first.text == "]" or (first.kind == "integer" and (second.kind == "integer" or second.text == "]"))
        if self.token.text[-1] == "(" or not self.dialect.expression_bytes or plain:
            return self._array()
        start = self._open().start
        elements = [self._closed_by(",", self._expression)]
        while self.token.text == ",":
            self._advance()
            elements.append(self._closed_by(",", self._expression))
        self._close("]", "a comma or a closing bracket")
        return ExpressionArray(tuple(elements), start=start, stop=self.last)

    def _special(self) -> Literal | Dictionary:
        if self.token.text != "#{" or not self.dialect.dictionaries:
            return self._opening()
        start = self._open().start
        elements = self._elements()
        for each in elements:
            if not isinstance(each, Send) or each.selector != "->":
                self._fail("nothing but associations in the dictionary")
        self._close("}", "a closing brace or a period")
        return Dictionary(elements, start=start, stop=self.last)

    def _compile_time(self) -> CompileTime:
        opening = self._open()
        closing = ")" if opening.text == "##(" else "`"
        before, self.closer = self.closer, closing
        temporaries = self._temporaries()
        body = self._statements()
        self.closer = before
        self._close(closing, f"{closing} at the end of the compile-time expression")
        return CompileTime(opening.text, temporaries, body, start=opening.start, stop=self.last)


def after(body: tuple[Statement, ...]) -> str:
    """What to add to an error's `expected` where these statements stand before."""
    if not body:
        return ""
    return " after the return" if isinstance(body[-1], Return) else " or a period after the statement"


_OPERATORS = frozenset({"binary"})
_WITH_CARET = frozenset({"binary", "caret"})
_MESSAGES = frozenset({"name", "binary", "keyword"})
NAMES = frozenset({"name", "path"})
_ENDS = frozenset({"]", ")", "}", ""})
_PRIMARIES: dict[str, Callable[[ExpressionReader], Expression]] = {
    **LITERALS,
    "path": ExpressionReader._path,
    "array": ExpressionReader._bytes_or_expressions,
    "opening": ExpressionReader._special,
    "-": ExpressionReader._negative,
    "(": ExpressionReader._parenthesis,
    "[": ExpressionReader._block,
    "{": ExpressionReader._brace,
    "`": ExpressionReader._compile_time,
}
