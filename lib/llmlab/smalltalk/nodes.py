"""The syntax tree of a method.

Every node carries its source range, `source[node.start:node.stop]`. Parentheses belong to no node, but a send
starts where its receiver's parentheses start. Ranges take no part in comparison.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

PSEUDO_VARIABLES = frozenset({"self", "super", "true", "false", "nil", "thisContext"})


@dataclass(frozen=True, slots=True)
class Node:
    """Anything with a place in the source."""

    start: int = field(default=0, compare=False, kw_only=True)
    stop: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """A name where it is used or declared, pseudo-variables included."""

    name: str


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number as written, sign included; kind is 'integer', 'float' or 'scaled'."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Character(Node):
    """`$a`; value is the one character, or the code in its place: `\\n` (Dolphin), `<65>` (GNU)."""

    value: str


@dataclass(frozen=True, slots=True)
class String(Node):
    """`'it''s'`; value has its quotes undone."""

    value: str


@dataclass(frozen=True, slots=True)
class Symbol(Node):
    """`#at:put:` or `#'any text'`, or a bare word inside a literal array; value is without `#` and quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """`true`, `false` or `nil` inside a literal array or pragma; in code they are variables."""

    name: str


@dataclass(frozen=True, slots=True)
class ByteArray(Node):
    """`#[1 2 16rFF]`."""

    elements: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class LiteralArray(Node):
    """`#(1 $a 'x' #s (2 3))`."""

    elements: "tuple[Literal, ...]"


@dataclass(frozen=True, slots=True)
class LooseByteArray(Node):
    """`#[1.5 2.5]`: Cuis makes a number array of it."""

    elements: "tuple[Number | Variable, ...]"


@dataclass(frozen=True, slots=True)
class Binding(Node):
    """`#{Smalltalk.Foo}`: the variable itself, not its value (VisualWorks, GNU, Dolphin).

    Dolphin's `#{Foo class}` and `#{Foo private}` have more than one word.
    """

    name: str


@dataclass(frozen=True, slots=True)
class CompileTime(Node):
    """`##(3 + 4)` (GNU, Dolphin) or `` `3 + 4` `` (Cuis): computed once, when the method is compiled."""

    opening: str
    temporaries: tuple[Variable, ...]
    body: "tuple[Statement, ...]"


Literal = (
    Number | Character | String | Symbol | Constant | ByteArray | LiteralArray | LooseByteArray | Binding | CompileTime
)


@dataclass(frozen=True, slots=True)
class BraceArray(Node):
    """`{ a. b + 1 }`, built when it is run; Pharo and Dolphin let an element be a return."""

    elements: "tuple[Statement, ...]"


@dataclass(frozen=True, slots=True)
class ExpressionArray(Node):
    """GemStone's old `#[a, b + 1]`, built when it is run."""

    elements: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Dictionary(Node):
    """Amber's `#{'k' -> v}`; every element sends `->` last."""

    elements: "tuple[Statement, ...]"


@dataclass(frozen=True, slots=True)
class Block(Node):
    """`[ :x | | t | ... ]`."""

    parameters: tuple[Variable, ...]
    temporaries: tuple[Variable, ...]
    body: "tuple[Statement, ...]"


@dataclass(frozen=True, slots=True)
class Send(Node):
    """A message to a receiver; unary, binary and keyword differ only in selector and arguments."""

    receiver: "Expression"
    selector: str
    arguments: "tuple[Expression, ...]" = ()


@dataclass(frozen=True, slots=True)
class Message(Node):
    """One part of a cascade: a send without its receiver; `rest` goes on from its answer (Dolphin)."""

    selector: str
    arguments: "tuple[Expression, ...]" = ()
    rest: "tuple[Message, ...]" = ()


@dataclass(frozen=True, slots=True)
class Cascade(Node):
    """Two or more messages, all to the one receiver."""

    receiver: "Expression"
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """`target := value`."""

    target: Variable
    value: "Expression"


@dataclass(frozen=True, slots=True)
class Broken(Node):
    """Text that fits nowhere, in a tree read from unfinished source; empty where something is missing."""

    text: str


Expression = Variable | Literal | BraceArray | ExpressionArray | Dictionary | Block | Send | Cascade | Assign | Broken


@dataclass(frozen=True, slots=True)
class Return(Node):
    """`^ value`; the last statement of its body, but in Pharo and Dolphin, which let unreachable ones follow."""

    value: Expression


@dataclass(frozen=True, slots=True)
class RawStatement(Node):
    """`<return self.length>`, JavaScript in old Amber; text is what stands between the angle brackets."""

    text: str


Statement = Expression | Return | RawStatement


@dataclass(frozen=True, slots=True)
class Pragma(Node):
    """`<primitive: 60>`; a bare word as argument (`error: ec`) is a Variable."""

    selector: str
    arguments: "tuple[Expression, ...]" = ()


@dataclass(frozen=True, slots=True)
class ForeignCall(Node):
    """`<cdecl: long 'f' (long long*)>`; text is what stands between the angle brackets."""

    text: str


@dataclass(frozen=True, slots=True)
class Sequence(Node):
    """Statements without a pattern: a workspace, a do-it."""

    temporaries: tuple[Variable, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Method(Node):
    """A whole method."""

    selector: str
    arguments: tuple[Variable, ...]
    pragmas: tuple[Pragma | ForeignCall, ...]
    temporaries: tuple[Variable, ...]
    body: tuple[Statement, ...]


def _content(node: Node) -> tuple[object, ...]:
    # The positional fields of a dataclass: everything but the keyword-only range.
    names: tuple[str, ...] = node.__match_args__
    return tuple([getattr(node, name) for name in names])


def children(node: Node) -> list[Node]:
    """The nodes directly inside `node`, in source order."""
    found: list[Node] = []
    for value in _content(node):
        if isinstance(value, Node):
            found.append(value)
        elif isinstance(value, tuple):
            found.extend(value)
    return found


# Both loops keep their own stack: a chain of a thousand sends is a tree a thousand deep, and legal.
def walk(node: Node) -> Iterator[Node]:
    """`node` and everything inside it, parents before children, in source order."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(children(current)))


def same_tree(left: Node, right: Node) -> bool:
    """Whether two trees are equal apart from their source ranges; safe on trees of any depth, unlike `==`."""
    pending: list[tuple[object, object]] = [(left, right)]
    while pending:
        first, second = pending.pop()
        if type(first) is not type(second):
            return False
        if isinstance(first, Node) and isinstance(second, Node):
            pending.extend(zip(_content(first), _content(second), strict=True))
        elif isinstance(first, tuple) and isinstance(second, tuple):
            if len(first) != len(second):
                return False
            pending.extend(zip(first, second, strict=True))
        elif first != second:
            return False
    return True
