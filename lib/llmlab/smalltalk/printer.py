"""Syntax tree back to source, in Pharo's style: tabs, `^ x`, `[ :x | ... ]`, and parentheses only where needed.

What fits on a line stays on one line; otherwise blocks, keywords and cascades break. Comments are not in the
tree, so they are lost. Trees from the parser print at any length; a tree built by hand may nest no deeper than
the parser allows.
"""

from collections.abc import Iterable

from llmlab.smalltalk.lexer import is_plain_symbol, quoted
from llmlab.smalltalk.nodes import (
    Assign,
    Block,
    BraceArray,
    ByteArray,
    Cascade,
    Character,
    Constant,
    Expression,
    Literal,
    LiteralArray,
    Message,
    Method,
    Number,
    Pragma,
    Return,
    Send,
    Sequence,
    Statement,
    String,
    Symbol,
    Variable,
)

# Pharo's formatter breaks lines at about this width.
LINE_WIDTH = 100
_TAB_WIDTH = 4

_PRIMARY, _UNARY, _BINARY, _KEYWORD, _CASCADE, _ASSIGN = range(6)


def print_method(method: Method) -> str:
    """The source of `method`; parsing it gives an equal tree (see `same_tree`)."""
    lines = [_pattern(method.selector, [each.name for each in method.arguments])]
    lines += ["\t" + _pragma(each) for each in method.pragmas]
    lines += _body_lines(method.temporaries, method.body, 1)
    return "\n".join(lines)


def print_sequence(sequence: Sequence) -> str:
    """The source of a do-it."""
    return "\n".join(_body_lines(sequence.temporaries, sequence.body, 0))


def print_expression(expression: Expression) -> str:
    """The source of one expression."""
    return _expression(expression, 0)


def selector_parts(selector: str) -> list[str]:
    """`at:put:` as `['at:', 'put:']`; a unary or binary selector as itself."""
    return [part + ":" for part in selector.split(":")[:-1]] if selector.endswith(":") else [selector]


def _pattern(selector: str, arguments: list[str]) -> str:
    return _interleaved(selector, arguments) if arguments else selector


def _interleaved(selector: str, arguments: Iterable[str]) -> str:
    return " ".join(f"{part} {argument}" for part, argument in zip(selector_parts(selector), arguments, strict=True))


def _pragma(pragma: Pragma) -> str:
    arguments = [_pragma_argument(each) for each in pragma.arguments]
    return f"<{_pattern(pragma.selector, arguments)}>"


def _pragma_argument(argument: Literal | Variable) -> str:
    if isinstance(argument, Symbol):
        # Quoted because `#+>` would read as one symbol and swallow the end of the pragma.
        return "#" + argument.value if argument.value.isidentifier() else "#" + quoted(argument.value)
    return argument.name if isinstance(argument, Variable) else _literal(argument)


# -- statements


def _body_lines(temporaries: tuple[Variable, ...], body: tuple[Statement, ...], indent: int) -> list[str]:
    tabs = "\t" * indent
    lines = [tabs + "| " + " ".join(each.name for each in temporaries) + " |"] if temporaries else []
    # Plain loops on the recursive path: a comprehension would cost another Python frame at every level.
    for position, each in enumerate(body, start=1):
        lines.append(tabs + _statement(each, indent) + ("." if position < len(body) else ""))
    return lines


def _statement(statement: Statement, indent: int) -> str:
    if isinstance(statement, Return):
        return "^ " + _expression(statement.value, indent)
    return _expression(statement, indent)


# -- expressions: `indent` is the depth in tabs of the line the expression starts on


def _expression(node: Expression, indent: int) -> str:
    prefix = ""
    while isinstance(node, Assign):
        prefix += node.target.name + " := "
        node = node.value
    flat = _flat(node, LINE_WIDTH - indent * _TAB_WIDTH - len(prefix))
    return prefix + (flat if flat is not None else _broken(node, indent))


def _operand(node: Expression, highest: int, indent: int) -> str:
    text = _expression(node, indent)
    return f"({text})" if _level(node) > highest else text


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


def _broken(node: Expression, indent: int) -> str:
    """The text of something too long, or too full of statements, for one line."""
    if isinstance(node, Send):
        return _broken_send(node, indent)
    if isinstance(node, Cascade):
        return _broken_cascade(node, indent)
    if isinstance(node, Block):
        return _broken_block(node, indent)
    if isinstance(node, BraceArray):
        tabs = "\n" + "\t" * (indent + 1)
        return "{" + ".".join(tabs + _expression(each, indent + 1) for each in node.elements) + " }"
    return _primary(node)


def _broken_send(node: Send, indent: int) -> str:
    base, sends = _spine(node)
    first = _selector_level(sends[0].selector)
    text = _operand(base, _receiver_limit(first), indent)
    inner = first
    for position, send in enumerate(sends):
        level = _selector_level(send.selector)
        if position and inner > _receiver_limit(level):
            text = f"({text})"
        text += _broken_message(send.selector, send.arguments, indent)
        inner = level
    return text


def _broken_message(selector: str, arguments: tuple[Expression, ...], indent: int) -> str:
    """One message after its receiver: each keyword on a line of its own when there are several."""
    level = _selector_level(selector)
    if level == _UNARY:
        return " " + selector
    if len(arguments) == 1:
        return f" {selector} {_operand(arguments[0], _argument_limit(level), indent)}"
    texts = [_operand(each, _BINARY, indent + 1) for each in arguments]
    tabs = "\n" + "\t" * (indent + 1)
    return "".join(f"{tabs}{part} {text}" for part, text in zip(selector_parts(selector), texts, strict=True))


def _broken_cascade(node: Cascade, indent: int) -> str:
    first = _selector_level(node.messages[0].selector)
    receiver = _operand(node.receiver, _receiver_limit(first), indent)
    tabs = "\n" + "\t" * (indent + 1)
    for position, each in enumerate(node.messages):
        message = _broken_message(each.selector, each.arguments, indent + 1).lstrip("\n\t ")
        receiver += (";" if position else "") + tabs + message
    return receiver


def _broken_block(node: Block, indent: int) -> str:
    head = "[" + "".join(f" :{each.name}" for each in node.parameters) + (" |" if node.parameters else "")
    lines = _body_lines(node.temporaries, node.body, indent + 1)
    return "\n".join([head, *lines]) + " ]"


# -- on one line, or None where that is impossible


def _flat(node: Expression, room: int) -> str | None:
    """`node` on one line of at most `room` characters; None when it needs more, or has a body to lay out."""
    if room <= 0:
        return None
    text: str | None
    if isinstance(node, Send):
        text = _flat_send(node, room)
    elif isinstance(node, Cascade):
        text = _flat_cascade(node, room)
    elif isinstance(node, Block):
        text = _flat_block(node, room)
    elif isinstance(node, BraceArray):
        texts = _flat_all(node.elements, _ASSIGN, room)
        text = None if texts is None else "{ " + ". ".join(texts) + " }" if texts else "{  }"
    elif isinstance(node, Assign):
        value = _flat(node.value, room)
        text = None if value is None else f"{node.target.name} := {value}"
    else:
        text = _primary(node)
    return text if text is not None and len(text) <= room else None


def _flat_operand(node: Expression, highest: int, room: int) -> str | None:
    text = _flat(node, room)
    return f"({text})" if text is not None and _level(node) > highest else text


def _flat_all(nodes: tuple[Expression, ...], highest: int, room: int) -> list[str] | None:
    texts: list[str] = []
    for node in nodes:
        text = _flat_operand(node, highest, room)
        room -= len(text or "")
        if text is None:
            return None
        texts.append(text)
    return texts


def _flat_message(message: Message | Send, room: int) -> str | None:
    level = _selector_level(message.selector)
    texts = _flat_all(message.arguments, _argument_limit(level), room)
    return None if texts is None else _pattern(message.selector, texts)


def _flat_send(node: Send, room: int) -> str | None:
    base, sends = _spine(node)
    if len(sends) * 2 > room:
        return None
    inner = _selector_level(sends[0].selector)
    text = _flat_operand(base, _receiver_limit(inner), room)
    for position, send in enumerate(sends):
        level = _selector_level(send.selector)
        message = None if text is None else _flat_message(send, room - len(text))
        if text is None or message is None:
            return None
        text = f"({text}) {message}" if position and inner > _receiver_limit(level) else f"{text} {message}"
        inner = level
    return text


def _flat_cascade(node: Cascade, room: int) -> str | None:
    first = _selector_level(node.messages[0].selector)
    text = _flat_operand(node.receiver, _receiver_limit(first), room)
    for position, each in enumerate(node.messages):
        message = None if text is None else _flat_message(each, room - len(text))
        if text is None or message is None:
            return None
        text = f"{text}; {message}" if position else f"{text} {message}"
    return text


def _flat_block(node: Block, room: int) -> str | None:
    if len(node.body) > 1 or node.temporaries:
        return None
    head = "".join(f" :{each.name}" for each in node.parameters) + (" |" if node.parameters else "")
    if not node.body:
        return f"[{head} ]"
    statement = node.body[0]
    value = statement.value if isinstance(statement, Return) else statement
    text = _flat(value, room)
    mark = "^ " if isinstance(statement, Return) else ""
    return None if text is None else f"[{head} {mark}{text} ]"


# -- primaries


def _primary(node: Expression) -> str:
    if isinstance(node, Variable):
        return node.name
    assert not isinstance(node, BraceArray | Block | Send | Cascade | Assign), "laid out by the callers"
    return _literal(node)


def _literal(node: Literal) -> str:
    match node:
        case Number(text=text) | Constant(name=text):
            pass
        case Character(value=value):
            text = "$" + value
        case String(value=value):
            text = quoted(value)
        case Symbol(value=value):
            text = "#" + (value if is_plain_symbol(value) else quoted(value))
        case ByteArray(elements=numbers):
            text = "#[" + "".join(" " + each.text for each in numbers) + " ]"
        case LiteralArray(elements=elements):
            text = "#(" + "".join(" " + _literal(each) for each in elements) + " )"
    return text
