"""One line on a method: its selector, its arguments and what it sends, or why it is none."""

from llmlab.smalltalk.dialects import PHARO, Dialect
from llmlab.smalltalk.lexer import SmalltalkSyntaxError
from llmlab.smalltalk.nodes import Message, Send, walk
from llmlab.smalltalk.parser import parse_method


def outline(source: str, dialect: Dialect = PHARO) -> str:
    """`valid: at:put:, 2 arguments, sends checkIndex: and +`, or `not valid: ` and what the parser found."""
    try:
        method = parse_method(source, dialect)
    except SmalltalkSyntaxError as error:
        return f"not valid: {error}"
    sent = dict.fromkeys(node.selector for node in walk(method) if isinstance(node, Send | Message))
    count = len(method.arguments)
    arguments = f"{count or 'no'} argument{'' if count == 1 else 's'}"
    return f"valid: {method.selector}, {arguments}, sends {_listed(list(sent))}"


def _listed(selectors: list[str]) -> str:
    if not selectors:
        return "nothing"
    return " and ".join(filter(None, (", ".join(selectors[:-1]), selectors[-1])))
