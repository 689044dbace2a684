"""Syntax tree back to source, in Pharo's style: tabs, `^ x`, `[ :x | ... ]`, and parentheses only where needed.

What fits on a line stays on one line; otherwise blocks, keywords and cascades break. Comments are not in the
tree, so they are lost. Trees from the parser print at any length; a tree built by hand may nest no deeper than
the parser allows.
"""

from collections.abc import Iterable

from llmlab.smalltalk.dialects import PHARO, Dialect
from llmlab.smalltalk.lexer import is_plain_symbol, quoted
from llmlab.smalltalk.nodes import (
    Assign,
    Binding,
    Block,
    BraceArray,
    Broken,
    ByteArray,
    Cascade,
    Character,
    CompileTime,
    Constant,
    Dictionary,
    Expression,
    ExpressionArray,
    ForeignCall,
    Literal,
    LiteralArray,
    LooseByteArray,
    Message,
    Method,
    Node,
    Number,
    Pragma,
    RawStatement,
    Return,
    Send,
    Sequence,
    Statement,
    String,
    Symbol,
    Variable,
    walk,
)

# Pharo's formatter breaks lines at about this width.
LINE_WIDTH = 100
_TAB_WIDTH = 4

_PRIMARY, _UNARY, _BINARY, _KEYWORD, _CASCADE, _ASSIGN = range(6)


def print_method(method: Method, dialect: Dialect = PHARO) -> str:
    """The source of `method`; parsing it in the same dialect gives an equal tree (see `same_tree`)."""
    lines = [_pattern(method.selector, [each.name for each in method.arguments])]
    printer = _Printer(dialect)
    lines += ["\t" + printer.pragma(each) for each in method.pragmas]
    lines += printer.body_lines(method.temporaries, method.body, 1)
    return "\n".join(lines)


def print_sequence(sequence: Sequence, dialect: Dialect = PHARO) -> str:
    """The source of a do-it."""
    return "\n".join(_Printer(dialect).body_lines(sequence.temporaries, sequence.body, 0))


def print_expression(expression: Expression, dialect: Dialect = PHARO) -> str:
    """The source of one expression."""
    return _Printer(dialect).expression(expression, 0)


def selector_parts(selector: str) -> list[str]:
    """`at:put:` as `['at:', 'put:']`; a unary or binary selector as itself."""
    return [part + ":" for part in selector.split(":")[:-1]] if selector.endswith(":") else [selector]


def _pattern(selector: str, arguments: list[str]) -> str:
    return _interleaved(selector, arguments) if arguments else selector


def _interleaved(selector: str, arguments: Iterable[str]) -> str:
    return " ".join(f"{part} {argument}" for part, argument in zip(selector_parts(selector), arguments, strict=True))


def _level(node: Expression) -> int:
    if isinstance(node, Send):
        return _selector_level(node.selector)
    if isinstance(node, Cascade):
        return _CASCADE
    return _ASSIGN if isinstance(node, Assign) else _PRIMARY


def _selector_level(selector: str) -> int:
    if selector.endswith(":"):
        return _KEYWORD
    return _UNARY if selector[0] == "_" or selector[0].isalpha() else _BINARY


def _is_word(text: str) -> bool:
    return text.isascii() and text.isalnum() and text[0].isalpha()


def _sends(node: Node, selector: str) -> bool:
    return any(isinstance(each, Send | Message) and each.selector == selector for each in walk(node))


def _receiver_limit(level: int) -> int:
    return min(level, _BINARY)


def _argument_limit(level: int) -> int:
    return _UNARY if level == _BINARY else _BINARY


def _spine(node: Expression) -> tuple[Expression, list[Send]]:
    """The receiver at the far left, and the sends to it from the inside out: a chain of any length, unrolled."""
    sends: list[Send] = []
    while isinstance(node, Send):
        sends.append(node)
        node = node.receiver
    sends.reverse()
    return node, sends


# How each kind of list opens, parts its elements, and closes.
_LISTS: dict[type[Node], tuple[str, str, str]] = {
    BraceArray: ("{", ".", " }"),
    Dictionary: ("#{", ".", " }"),
    ExpressionArray: ("#[", " ,", " ]"),
}


class _Printer:
    """One tree to text; `indent` is the depth in tabs of the line that an expression starts on."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def pragma(self, pragma: Pragma | ForeignCall) -> str:
        """A pragma on one line."""
        if isinstance(pragma, ForeignCall):
            return f"<{pragma.text}>"
        arguments = [self._pragma_argument(each) for each in pragma.arguments]
        return f"<{_pattern(pragma.selector, arguments)}>"

    def _pragma_argument(self, argument: Expression) -> str:
        if isinstance(argument, Symbol):
            # Quoted because `#+>` would read as one symbol and swallow the end of the pragma.
            return "#" + argument.value if _is_word(argument.value) else "#" + quoted(argument.value)
        text = self.expression(argument, 1)
        return f"({text})" if _level(argument) > _BINARY or _sends(argument, ">") else text

    # -- statements

    def body_lines(self, temporaries: tuple[Variable, ...], body: tuple[Statement, ...], indent: int) -> list[str]:
        tabs = "\t" * indent
        """Declarations and statements, one or more lines each."""
        lines = [tabs + "| " + " ".join(each.name for each in temporaries) + " |"] if temporaries else []
        # Plain loops on the recursive path: a comprehension would cost another Python frame at every level.
        for position, each in enumerate(body, start=1):
            lines.append(tabs + self._statement(each, indent) + ("." if position < len(body) else ""))
        return lines

    def _statement(self, statement: Statement, indent: int) -> str:
        if isinstance(statement, RawStatement):
            return f"<{statement.text}>"
        if isinstance(statement, Return):
            return "^ " + self.expression(statement.value, indent)
        return self.expression(statement, indent)

    # -- expressions: `indent` is the depth in tabs of the line the expression starts on

    def expression(self, node: Expression, indent: int) -> str:
        prefix = ""
        while isinstance(node, Assign):
            prefix += node.target.name + " := "
            node = node.value
        flat = self._flat(node, LINE_WIDTH - indent * _TAB_WIDTH - len(prefix))
        return prefix + (flat if flat is not None else self._broken(node, indent))

    def _operand(self, node: Expression, highest: int, indent: int) -> str:
        text = self.expression(node, indent)
        return f"({text})" if _level(node) > highest else text

    def _broken(self, node: Expression, indent: int) -> str:
        """The text of something too long, or too full of statements, for one line."""
        if isinstance(node, Send):
            return self._broken_send(node, indent)
        if isinstance(node, Cascade):
            return self._broken_cascade(node, indent)
        if isinstance(node, Block):
            return self._broken_block(node, indent)
        if isinstance(node, BraceArray | Dictionary | ExpressionArray):
            opening, between, closing = _LISTS[type(node)]
            tabs = "\n" + "\t" * (indent + 1)
            return opening + between.join(tabs + self._item(each, node, indent + 1) for each in node.elements) + closing
        return self._primary(node)

    def _broken_send(self, node: Send, indent: int) -> str:
        base, sends = _spine(node)
        first = _selector_level(sends[0].selector)
        text = self._operand(base, _receiver_limit(first), indent)
        inner = first
        for position, send in enumerate(sends):
            level = _selector_level(send.selector)
            if position and inner > _receiver_limit(level):
                text = f"({text})"
            text += self._broken_message(send.selector, send.arguments, indent)
            inner = level
        return text

    def _broken_message(self, selector: str, arguments: tuple[Expression, ...], indent: int) -> str:
        """One message after its receiver: each keyword on a line of its own when there are several."""
        level = _selector_level(selector)
        if level == _UNARY:
            return " " + selector
        if len(arguments) == 1:
            return f" {selector} {self._operand(arguments[0], _argument_limit(level), indent)}"
        texts = [self._operand(each, _BINARY, indent + 1) for each in arguments]
        tabs = "\n" + "\t" * (indent + 1)
        return "".join(f"{tabs}{part} {text}" for part, text in zip(selector_parts(selector), texts, strict=True))

    def _broken_cascade(self, node: Cascade, indent: int) -> str:
        first = _selector_level(node.messages[0].selector)
        receiver = self._operand(node.receiver, _receiver_limit(first), indent)
        tabs = "\n" + "\t" * (indent + 1)
        for position, each in enumerate(node.messages):
            parts = [self._broken_message(part.selector, part.arguments, indent + 1) for part in (each, *each.rest)]
            message = "".join(parts).lstrip("\n\t ")
            receiver += (";" if position else "") + tabs + message
        return receiver

    def _broken_block(self, node: Block, indent: int) -> str:
        head = "[" + "".join(f" :{each.name}" for each in node.parameters) + (" |" if node.parameters else "")
        lines = self.body_lines(node.temporaries, node.body, indent + 1)
        return "\n".join([head, *lines]) + " ]"

    # -- on one line, or None where that is impossible

    def _flat(self, node: Expression, room: int) -> str | None:
        """`node` on one line of at most `room` characters; None when it needs more, or has a body to lay out."""
        if room <= 0:
            return None
        text: str | None
        if isinstance(node, Send):
            text = self._flat_send(node, room)
        elif isinstance(node, Cascade):
            text = self._flat_cascade(node, room)
        elif isinstance(node, Block):
            text = self._flat_block(node, room)
        elif isinstance(node, BraceArray | Dictionary | ExpressionArray):
            text = self._flat_list(node, room)
        elif isinstance(node, Assign):
            value = self._flat(node.value, room)
            text = None if value is None else f"{node.target.name} := {value}"
        else:
            text = self._primary(node)
        return text if text is not None and len(text) <= room else None

    def _flat_list(self, node: BraceArray | Dictionary | ExpressionArray, room: int) -> str | None:
        if isinstance(node, ExpressionArray) and any(_sends(each, ",") for each in node.elements):
            return None
        opening, between, closing = _LISTS[type(node)]
        texts: list[str] = []
        for each in node.elements:
            text = self._flat_statement(each, room)
            if text is None:
                return None
            room -= len(text)
            texts.append(text)
        return f"{opening} {(between + ' ').join(texts)}{closing}"

    def _flat_statement(self, node: Statement, room: int) -> str | None:
        if isinstance(node, RawStatement):
            return f"<{node.text}>" if len(node.text) < room and "\n" not in node.text else None
        if not isinstance(node, Return):
            return self._flat(node, room)
        text = self._flat(node.value, room)
        return None if text is None else f"^ {text}"

    def _item(self, node: Statement, owner: Expression, indent: int) -> str:
        text = self._statement(node, indent)
        # A comma outside parentheses would end the element.
        return f"({text})" if isinstance(owner, ExpressionArray) and _sends(node, ",") else text

    def _flat_operand(self, node: Expression, highest: int, room: int) -> str | None:
        text = self._flat(node, room)
        return f"({text})" if text is not None and _level(node) > highest else text

    def _flat_all(self, nodes: tuple[Expression, ...], highest: int, room: int) -> list[str] | None:
        texts: list[str] = []
        for node in nodes:
            text = self._flat_operand(node, highest, room)
            room -= len(text or "")
            if text is None:
                return None
            texts.append(text)
        return texts

    def _flat_message(self, message: Message | Send, room: int) -> str | None:
        level = _selector_level(message.selector)
        texts = self._flat_all(message.arguments, _argument_limit(level), room)
        return None if texts is None else _pattern(message.selector, texts)

    def _flat_send(self, node: Send, room: int) -> str | None:
        base, sends = _spine(node)
        if len(sends) * 2 > room:
            return None
        inner = _selector_level(sends[0].selector)
        text = self._flat_operand(base, _receiver_limit(inner), room)
        for position, send in enumerate(sends):
            level = _selector_level(send.selector)
            message = None if text is None else self._flat_message(send, room - len(text))
            if text is None or message is None:
                return None
            text = f"({text}) {message}" if position and inner > _receiver_limit(level) else f"{text} {message}"
            inner = level
        return text

    def _flat_cascade(self, node: Cascade, room: int) -> str | None:
        first = _selector_level(node.messages[0].selector)
        text = self._flat_operand(node.receiver, _receiver_limit(first), room)
        for position, each in enumerate(node.messages):
            parts = [
                None if text is None else self._flat_message(part, room - len(text)) for part in (each, *each.rest)
            ]
            message = " ".join(part for part in parts if part is not None)
            if text is None or None in parts:
                return None
            text = f"{text}; {message}" if position else f"{text} {message}"
        return text

    def _flat_block(self, node: Block, room: int) -> str | None:
        if len(node.body) > 1 or node.temporaries:
            return None
        head = "".join(f" :{each.name}" for each in node.parameters) + (" |" if node.parameters else "")
        if not node.body:
            return f"[{head} ]"
        text = self._flat_statement(node.body[0], room)
        return None if text is None else f"[{head} {text} ]"

    # -- primaries

    def _primary(self, node: Expression) -> str:
        if isinstance(node, Variable):
            return node.name
        if isinstance(node, Broken):
            return node.text
        assert not isinstance(node, BraceArray | Dictionary | ExpressionArray | Block | Send | Cascade | Assign)
        return self._literal(node)

    def _literal(self, node: Literal) -> str:
        match node:
            case Number(text=text) | Constant(name=text):
                pass
            case Character(value=value):
                text = "$" + value
            case String(value=value):
                text = quoted(value)
            case Symbol(value=value):
                text = "#" + (value if is_plain_symbol(value, self.dialect) else quoted(value))
            case ByteArray(elements=numbers):
                text = "#[" + "".join(" " + each.text for each in numbers) + " ]"
            case LiteralArray(elements=elements):
                text = "#(" + "".join(" " + self._literal(each) for each in elements) + " )"
            case LooseByteArray(elements=loose):
                words = (each.text if isinstance(each, Number) else each.name for each in loose)
                text = "#[" + "".join(" " + each for each in words) + " ]"
            case Binding(name=name):
                text = f"#{{{name}}}"
            case CompileTime():
                text = self._compile_time(node)
        return text

    def _compile_time(self, node: CompileTime) -> str:
        body = "\n".join(self.body_lines(node.temporaries, node.body, 0))
        return node.opening + body + ("`" if node.opening == "`" else ")")
