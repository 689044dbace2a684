"""Does a class hang together? Checks on the text of one class document, each with what it found and how often.

Every check is a pair: how many things passed, how many there were to check. What cannot be decided (an unknown
superclass further up) is not counted.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from llmlab.smalltalk.dialects import PHARO, Dialect
from llmlab.smalltalk.hierarchy import Hierarchy
from llmlab.smalltalk.lexer import SmalltalkSyntaxError
from llmlab.smalltalk.measure import misused, undeclared
from llmlab.smalltalk.nodes import Method, Return, Send, Variable, walk
from llmlab.smalltalk.parser import parse_method
from llmlab.smalltalk.receivers import Receiver, Sent, creations, sent_messages
from llmlab.smalltalk.records import ClassRecord, MethodRecord
from llmlab.smalltalk.rendering import iter_rendered_methods
from llmlab.smalltalk.ston import skip_blanks
from llmlab.smalltalk.tonel import TonelError, read_header

CHECKS = (
    *("header", "methods_valid", "own_class", "selectors_unique", "names_sound", "variables_used", "self_sends"),
    *("creators", "getters", "initialize_super", "tests_in_test_case"),
)
Tally = dict[str, tuple[int, int]]
_BEGINS = re.compile(r"^[A-Z]\w*(?: class)? >> ", re.MULTILINE)
_Parsed = list[tuple[MethodRecord, Method]]


def check_class(
    text: str, hierarchy: Hierarchy, known_globals: Collection[str], dialect: Dialect = PHARO, *, whole: bool = True
) -> Tally:
    """The checks on a class document; `whole` False: it was cut off, so that its last method may lack its end.

    A header that cannot be read fails, and with it everything that would need it is left unchecked.
    """
    tally: Tally = dict.fromkeys(CHECKS, (0, 0))
    try:
        record, _ = read_header(text, skip_blanks(text, 0))
    except TonelError:
        return tally | {"header": (0, 1)}
    known = record.superclass in hierarchy or record.superclass == "nil" or record.kind != "class"
    methods = list(iter_rendered_methods(text))
    trees = [(method, tree) for method in methods if (tree := _tree(method.source, dialect)) is not None]
    begun = len(_BEGINS.findall(text))
    cut = 0 if whole or begun <= len(methods) else 1
    written = hierarchy.with_class(replace(record, methods=tuple(methods)))
    return tally | {
        "header": (int(known), 1),
        "methods_valid": (len(trees), max(len(methods), begun - cut)),
        "own_class": (sum(method.class_name == record.name for method in methods), len(methods)),
        "selectors_unique": _unique(methods),
        "names_sound": _sound(record, trees, written, known_globals),
        **_variables(record, trees),
        **_sends(record, trees, written),
        **_habits(record, trees, written),
    }


def add_up(tallies: Iterable[Tally]) -> Tally:
    """The sums of several."""
    total: Tally = dict.fromkeys(CHECKS, (0, 0))
    for tally in tallies:
        total = {name: (total[name][0] + tally[name][0], total[name][1] + tally[name][1]) for name in CHECKS}
    return total


def _tree(source: str, dialect: Dialect) -> Method | None:
    try:
        return parse_method(source, dialect)
    except SmalltalkSyntaxError:
        return None


def _unique(methods: Iterable[MethodRecord]) -> tuple[int, int]:
    counts = Counter((method.side, method.selector) for method in methods)
    return len(counts), counts.total()


def _sound(
    record: ClassRecord, trees: _Parsed, hierarchy: Hierarchy, known_globals: Collection[str]
) -> tuple[int, int]:
    names = {record.name, *known_globals}
    sides = {side: hierarchy.variables(record, side) for side in ("instance", "class")}
    good = [not undeclared(tree, sides[method.side], names) and not misused(tree) for method, tree in trees]
    return sum(good), len(good)


def _variables(record: ClassRecord, trees: _Parsed) -> Tally:
    """Declared instance variables that some method uses; getters that answer the variable they are named after."""
    instance = [(method, tree) for method, tree in trees if method.side == "instance"]
    used = {node.name for _, tree in instance for node in walk(tree) if isinstance(node, Variable)}
    own = set(record.instance_variables)
    getters = [tree for method, tree in instance if method.selector in own]
    answering = sum(
        any(
            isinstance(node, Return) and any(isinstance(v, Variable) and v.name == tree.selector for v in walk(node))
            for node in walk(tree)
        )
        for tree in getters
    )
    return {"variables_used": (len(own & used), len(own)), "getters": (answering, len(getters))}


def _sends(record: ClassRecord, trees: _Parsed, hierarchy: Hierarchy) -> Tally:
    """Messages to self (and super) that are defined or inherited; what creators send to their new instances."""
    to_self: list[bool | None] = []
    to_new: list[bool | None] = []
    for method, tree in trees:
        sent = sent_messages(tree, Receiver(record.name, method.side), hierarchy)
        to_self += (_verdict(each, hierarchy) for each in sent if each.sort in ("self", "super"))
        if method.side == "class":
            to_new += (_verdict(each, hierarchy) for each in creations(sent))
    return {"self_sends": _counted(to_self), "creators": _counted(to_new)}


def _habits(record: ClassRecord, trees: _Parsed, hierarchy: Hierarchy) -> Tally:
    instance = [tree for method, tree in trees if method.side == "instance"]
    beginnings = [tree for tree in instance if tree.selector == "initialize"]
    tests = [tree for tree in instance if tree.selector.startswith("test") and not tree.arguments]
    calling = sum("initialize" in _sent_to_super(tree) for tree in beginnings)
    in_tests = hierarchy.inherits(record.superclass, "TestCase") if record.superclass in hierarchy else False
    return {
        "initialize_super": (calling, len(beginnings)),
        "tests_in_test_case": (len(tests) if in_tests else 0, len(tests)),
    }


def _sent_to_super(tree: Method) -> Iterator[str]:
    for node in walk(tree):
        if isinstance(node, Send) and isinstance(node.receiver, Variable) and node.receiver.name == "super":
            yield node.selector


def _verdict(sent: Sent, hierarchy: Hierarchy) -> bool | None:
    return sent.receiver.understands(sent.selector, hierarchy) if sent.receiver else None


def _counted(verdicts: Iterable[bool | None]) -> tuple[int, int]:
    found = Counter(verdicts)
    return found[True], found[True] + found[False]
