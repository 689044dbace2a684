"""Who receives a message, as far as the text of one method says: what a compiler could warn about.

Decided: `self` and `super`, class names, literals and blocks, what `new` answers, and temporaries that are only ever
given one kind of those. Everything else, arguments and instance variables first of all, is left undecided.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from llmlab.smalltalk.hierarchy import Hierarchy
from llmlab.smalltalk.nodes import (
    Assign,
    Block,
    BraceArray,
    ByteArray,
    Cascade,
    Character,
    Expression,
    LiteralArray,
    Message,
    Method,
    Node,
    Number,
    Send,
    String,
    Symbol,
    Variable,
    walk,
)
from llmlab.smalltalk.records import Side

_NUMBERS = {"integer": "Integer", "float": "Float", "scaled": "ScaledDecimal"}
_LITERALS: dict[type[Node], str] = {
    String: "String",
    Symbol: "Symbol",
    Character: "Character",
    Block: "BlockClosure",
    ByteArray: "ByteArray",
    LiteralArray: "Array",
    BraceArray: "Array",
}
_CONSTANTS = {"true": "Boolean", "false": "Boolean", "nil": "UndefinedObject"}
_MAKERS = frozenset({"new", "new:", "basicNew", "basicNew:"})


@dataclass(frozen=True)
class Receiver:
    """An instance of a class, or the class itself; `above` starts the search at its superclass."""

    name: str
    side: Side
    above: bool = False

    def understands(self, selector: str, hierarchy: Hierarchy) -> bool | None:
        """See `Hierarchy.understands`."""
        name = hierarchy.superclass(self.name) if self.above else self.name
        return hierarchy.understands(name, self.side, selector) if name else None


@dataclass(frozen=True)
class Sent:
    """A message somewhere in a method: its node, what sort of receiver it has, and which one where that is decided."""

    node: Send | Message
    sort: str
    receiver: Receiver | None

    @property
    def selector(self) -> str:
        """The selector sent."""
        return self.node.selector


def sent_messages(method: Method, owner: Receiver, hierarchy: Hierarchy) -> list[Sent]:
    """Every message that a method of `owner` sends, cascades included, in source order."""
    nodes = list(walk(method))
    known = _Scope(method, nodes, owner, hierarchy)
    found: list[Sent] = []
    for node in nodes:
        if isinstance(node, Send):
            found.append(Sent(node, known.sort(node.receiver), known.receiver(node.receiver)))
        elif isinstance(node, Cascade):
            sort, receiver = known.sort(node.receiver), known.receiver(node.receiver)
            found += [Sent(each, sort, receiver) for each in node.messages]
            found += [Sent(each, "send", None) for message in node.messages for each in message.rest]
    return found


class _Scope:
    """What the names of one method stand for."""

    def __init__(self, method: Method, nodes: Iterable[Node], owner: Receiver, hierarchy: Hierarchy) -> None:
        self._owner, self._hierarchy = owner, hierarchy
        self._arguments = {each.name for each in method.arguments}
        self._temporaries = {each.name for each in method.temporaries}
        values: dict[str, set[Receiver | None]] = {}
        for node in nodes:
            if isinstance(node, Block):
                # A name declared twice is not followed: which of the two is meant depends on the place.
                inner = {each.name for each in (*node.parameters, *node.temporaries)}
                self._arguments |= inner
                self._temporaries -= inner
            elif isinstance(node, Assign):
                values.setdefault(node.target.name, set()).add(self._of(node.value, {}))
        self._typed = {
            name: found.pop() for name, found in values.items() if len(found) == 1 and name in self._temporaries
        }

    def receiver(self, node: Expression) -> Receiver | None:
        return self._of(node, self._typed)

    def sort(self, node: Expression) -> str:
        """A coarse word for a receiver: what the commonest selector is asked by."""
        if isinstance(node, Variable):
            if node.name in ("self", "super", *_CONSTANTS):
                return node.name
            if node.name in self._arguments:
                return "argument"
            if node.name in self._temporaries:
                return "temporary"
            return "global" if node.name[0].isupper() else "variable"
        if isinstance(node, Send | Cascade):
            return "send"
        return type(node).__name__.lower()

    def _of(self, node: Expression, typed: Mapping[str, Receiver | None]) -> Receiver | None:
        if isinstance(node, Variable):
            return self._of_name(node.name, typed)
        if isinstance(node, Number):
            return Receiver(_NUMBERS.get(node.kind, "Number"), "instance")
        if type(node) in _LITERALS:
            return Receiver(_LITERALS[type(node)], "instance")
        if isinstance(node, Send):
            return self._of_send(node, typed)
        if isinstance(node, Cascade) and node.messages[-1].selector == "yourself":
            return self._of(node.receiver, typed)
        return None

    def _of_name(self, name: str, typed: Mapping[str, Receiver | None]) -> Receiver | None:
        if name in ("self", "super"):
            return Receiver(self._owner.name, self._owner.side, above=name == "super")
        if name in self._arguments or name in self._temporaries:
            return typed.get(name)
        if name in _CONSTANTS:
            return Receiver(_CONSTANTS[name], "instance")
        stands_for = self._hierarchy.class_of_object(name)
        if stands_for is not None:
            return Receiver(stands_for, "instance")
        return Receiver(name, "class") if name in self._hierarchy else None

    def _of_send(self, node: Send, typed: Mapping[str, Receiver | None]) -> Receiver | None:
        """What `new` answers, with any `yourself` after it; a maker is only followed when a name is asked to make."""
        inner: Expression = node
        while isinstance(inner, Send) and inner.selector == "yourself":
            inner = inner.receiver
        if not isinstance(inner, Send):
            return self._of(inner, typed)
        if inner.selector not in _MAKERS or not isinstance(inner.receiver, Variable):
            return None
        maker = self._of_name(inner.receiver.name, typed)
        return Receiver(maker.name, "instance") if maker is not None and maker.side == "class" else None


def creations(messages: Iterable[Sent]) -> Iterator[Sent]:
    """Of the messages of a class-side method, those sent to a new instance of its own class."""
    for each in messages:
        made = each.node.receiver if isinstance(each.node, Send) else None
        maker = made.receiver if isinstance(made, Send) and made.selector in _MAKERS else None
        if isinstance(maker, Variable) and maker.name in ("self", "super"):
            yield each
