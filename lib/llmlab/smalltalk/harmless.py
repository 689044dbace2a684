"""Edits that leave a method's meaning alone: blanks, comments, redundant parentheses.

For measuring a parser: it must accept what comes out, and but for the parentheses read the same tree.
"""

import random
from itertools import pairwise

from llmlab.smalltalk.dialects import PHARO, Dialect
from llmlab.smalltalk.lexer import tokenize
from llmlab.smalltalk.nodes import Assign, Expression, Message, Node, Return, Send, walk
from llmlab.smalltalk.parser import parse_method

_FILLINGS = (" ", "\n\t", "  ", ' "a comment" ', ' "it\'s [one" ')


def harmless_edits(source: str, rng: random.Random, dialect: Dialect = PHARO) -> list[tuple[str, str]]:
    """One variant of each kind and its name; raises SmalltalkSyntaxError if `source` is invalid."""
    method = parse_method(source, dialect)
    edits = [(_filled(source, rng, dialect), "blanks and comments"), (f'"before" {source} "after"', "comments around")]
    operands = [each for statement in method.body for each in _operands(statement)]
    if operands:
        node = rng.choice(operands)
        wrapped = f"({source[node.start : node.stop]})"
        edits.append((source[: node.start] + wrapped + source[node.stop :], "redundant parentheses"))
    return edits


def _filled(source: str, rng: random.Random, dialect: Dialect) -> str:
    """Something between about a third of the tokens that stand in code."""
    method = parse_method(source, dialect)
    start = max([0, *(each.stop for each in method.pragmas)])
    tokens = [each for each in tokenize(source, dialect=dialect) if each.start >= start]
    for before, after in reversed(list(pairwise(tokens))):
        # A sign stays with its number, a colon with its name, and the parts of `at:put:` in an array stay together.
        loose = not before.text.endswith(("-", ":")) and before.end <= after.start
        if loose and rng.random() < 1 / 3:
            source = source[: before.end] + rng.choice(_FILLINGS) + source[before.end :]
    return source


def _operands(root: Node) -> list[Expression]:
    """What may stand in parentheses wherever it is: arguments, and values that are assigned or returned."""
    found: list[Expression] = []
    for node in walk(root):
        if isinstance(node, Send | Message):
            found.extend(node.arguments)
        elif isinstance(node, Assign | Return):
            found.append(node.value)
    return found
