"""Numbers about code: names, selectors, complexity, tokens, similarity."""

from collections import Counter
from collections.abc import Collection, Sequence

from llmlab.smalltalk.dialects import PHARO
from llmlab.smalltalk.lexer import text_pattern
from llmlab.smalltalk.nodes import (
    PSEUDO_VARIABLES,
    Assign,
    Block,
    Message,
    Method,
    Node,
    Pragma,
    Send,
    Variable,
    children,
    walk,
)

# One more path for each: conditions, loops, and the second operand of `and:` and `or:`.
BRANCHING = frozenset(
    {
        *("ifTrue:", "ifFalse:", "ifTrue:ifFalse:", "ifFalse:ifTrue:"),
        *("ifNil:", "ifNotNil:", "ifNil:ifNotNil:", "ifNotNil:ifNil:"),
        *("ifEmpty:", "ifNotEmpty:", "ifEmpty:ifNotEmpty:", "ifNotEmpty:ifEmpty:"),
        *("and:", "or:", "whileTrue", "whileFalse", "whileTrue:", "whileFalse:", "repeat", "timesRepeat:"),
        *("to:do:", "to:by:do:", "do:", "do:separatedBy:", "reverseDo:", "keysAndValuesDo:", "doWithIndex:"),
        *("collect:", "select:", "reject:", "detect:", "detect:ifNone:", "inject:into:"),
        *("anySatisfy:", "allSatisfy:", "on:do:", "at:ifAbsent:", "at:ifPresent:"),
    }
)


def sent_selectors(method: Node) -> set[str]:
    """Every selector sent anywhere in `method`, cascades included."""
    return {each.selector for each in walk(method) if isinstance(each, Send | Message)}


def complexity(method: Method) -> int:
    """Cyclomatic complexity: one, and one more for every message in BRANCHING."""
    return 1 + sum(isinstance(each, Send | Message) and each.selector in BRANCHING for each in walk(method))


def undeclared(method: Method, known: Collection[str], known_globals: Collection[str] | None = None) -> set[str]:
    """The names that `method` uses but neither declares nor finds in `known`.

    Pseudo-variables always count as declared; so do capitalised names, taken for globals, unless `known_globals` says
    which ones there are.
    """
    missing: set[str] = set()
    pending: list[tuple[Node, frozenset[str]]] = [(method, frozenset(known) | PSEUDO_VARIABLES)]
    while pending:
        node, scope = pending.pop()
        if isinstance(node, Variable) and node.name not in scope and not _is_global(node.name, known_globals):
            missing.add(node.name)
        # Subtle: `<primitive: 60 error: ec>` declares ec.
        scope |= _declared(node)
        pending.extend((each, scope) for each in children(node))
    return missing


def misused(method: Method) -> set[str]:
    """The names that `method` breaks a compiler's rules with.

    Assignments to arguments and pseudo-variables, and names declared twice in one list of arguments and
    temporaries: all good syntax, none of it compiles.
    """
    wrong: set[str] = set()
    pending: list[tuple[Node, frozenset[str]]] = [(method, PSEUDO_VARIABLES)]
    while pending:
        node, constant = pending.pop()
        if isinstance(node, Method | Block):
            arguments = node.arguments if isinstance(node, Method) else node.parameters
            counts = Counter(each.name for each in (*arguments, *node.temporaries))
            wrong.update(name for name, count in counts.items() if count > 1)
            constant = constant - counts.keys() | {each.name for each in arguments}
        if isinstance(node, Assign) and node.target.name in constant:
            wrong.add(node.target.name)
        pending.extend((each, constant) for each in children(node))
    return wrong


def _is_global(name: str, known_globals: Collection[str] | None) -> bool:
    return name[0].isupper() and (known_globals is None or name in known_globals)


def _declared(node: Node) -> set[str]:
    if isinstance(node, Block):
        return {each.name for each in (*node.parameters, *node.temporaries)}
    if not isinstance(node, Method):
        return set()
    pragma_names = {
        each.name for pragma in node.pragmas if isinstance(pragma, Pragma) for each in _bare_arguments(pragma)
    }
    return {each.name for each in (*node.arguments, *node.temporaries)} | pragma_names


def _bare_arguments(pragma: Pragma) -> list[Variable]:
    return [each for each in pragma.arguments if isinstance(each, Variable)]


def code_tokens(source: str) -> list[str]:
    """The token texts of any text, valid or not, without comments and blanks; a lone `_` reads as `:=`.

    Where a quote never closes, what follows it is cut into tokens like code.
    """
    return [":=" if text == "_" else text for text in text_pattern(PHARO).findall(source) if text]


def edit_similarity(a: Sequence[str], b: Sequence[str]) -> float:
    """1 minus the Levenshtein distance over the longer length: 1.0 for equal lists, 0.0 for nothing in common."""
    longest = max(len(a), len(b))
    return 1.0 - edit_distance(a, b) / longest if longest else 1.0


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """How many tokens to insert, delete or replace to turn `a` into `b`."""
    if not a or not b:
        return len(a) or len(b)
    # Myers' bit-vector algorithm (1999) in Hyyrö's form: a column of the usual table is two integers, whose bit i
    # says that the cell i is one more (`rise`) or one less (`fall`) than the cell above it. Python's long
    # integers have no word size, so one vector does for any length.
    places: dict[str, int] = {}
    for position, token in enumerate(a):
        places[token] = places.get(token, 0) | 1 << position
    last = 1 << (len(a) - 1)
    mask = (last << 1) - 1
    rise, fall, distance = mask, 0, len(a)
    for token in b:
        equal = places.get(token, 0)
        down = equal | fall
        diagonal = (((equal & rise) + rise) ^ rise) | equal | fall
        right_rise = fall | (mask & ~(diagonal | rise))
        right_fall = rise & diagonal
        distance += bool(right_rise & last) - bool(right_fall & last)
        right_rise = (right_rise << 1 | 1) & mask
        right_fall = right_fall << 1 & mask
        rise = right_fall | (mask & ~(down | right_rise))
        fall = right_rise & down
    return distance
