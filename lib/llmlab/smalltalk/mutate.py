"""Deliberate mistakes in a method, each with its name in plain English.

`break_method` makes text that no longer parses, `alter_method` a bug that still does. Both edit the source, so
layout and comments survive; both read their result again before they answer.
"""

import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from llmlab.smalltalk.checker import syntax_fault
from llmlab.smalltalk.dialects import PHARO, Dialect
from llmlab.smalltalk.lexer import SmalltalkSyntaxError, Token, tokenize
from llmlab.smalltalk.nodes import Method, Node, Return, Send, same_tree, walk
from llmlab.smalltalk.parser import parse_method, parse_pattern
from llmlab.smalltalk.printer import selector_parts


class Edit(NamedTuple):
    """Replace `source[start:stop]` by `text`."""

    start: int
    stop: int
    text: str


# What a mutation proposes: the edits, and the name of the defect they make.
Proposal = tuple[list[Edit], str]

_BRACKET_NAMES = {
    **{"(": "opening parenthesis", "#(": "opening parenthesis", ")": "closing parenthesis"},
    **{"[": "opening bracket", "#[": "opening bracket", "]": "closing bracket"},
    **{"{": "opening brace", "}": "closing brace"},
}
_OPERANDS = frozenset({"name", "integer", "float", "scaled", "character", "string", "symbol"})
_ENDS = frozenset({"", ".", ";", ")", "]", "}"})
_OPPOSITES = {
    **{"ifTrue:": "ifFalse:", "ifFalse:": "ifTrue:", "whileTrue:": "whileFalse:", "whileFalse:": "whileTrue:"},
    **{"ifNil:": "ifNotNil:", "ifNotNil:": "ifNil:", "ifEmpty:": "ifNotEmpty:", "ifNotEmpty:": "ifEmpty:"},
    **{"select:": "reject:", "reject:": "select:", "and:": "or:", "or:": "and:"},
}


def break_method(source: str, rng: random.Random, dialect: Dialect = PHARO) -> tuple[str, str]:
    """An invalid variant of `source`, and what is wrong with it; raises SmalltalkSyntaxError if `source` is invalid."""
    body = _body_tokens(source, dialect)
    kinds = list(_BREAKS)
    rng.shuffle(kinds)
    for propose in kinds:
        proposals = propose(source, body)
        rng.shuffle(proposals)
        for edits, defect in proposals:
            broken = _edited(source, edits)
            if syntax_fault(broken, dialect):
                return broken, defect
    raise AssertionError("a bracket after the end is always at hand, and never valid")


def unchecked_breaks(source: str, rng: random.Random, dialect: Dialect = PHARO) -> list[tuple[str, str]]:
    """One variant of `source` for each kind of break, and what should be wrong with it: nothing was parsed again.

    For measuring a parser, so the parser has no say in it; all but chance coincidences are invalid (a quote that
    is left over may pair with one in a comment). Raises SmalltalkSyntaxError if `source` is invalid.
    """
    body = _body_tokens(source, dialect)
    code = [each for each, inside in zip(body, _in_arrays(body), strict=True) if not inside]
    found = []
    for propose in _BREAKS:
        proposals = propose(source, code)
        # After `^` Pharo and Dolphin only warn.
        if dialect.unreachable:
            proposals = [each for each in proposals if "after the return" not in each[1]]
        if proposals:
            edits, defect = rng.choice(proposals)
            found.append((_edited(source, edits), defect))
    return found


def _body_tokens(source: str, dialect: Dialect) -> list[Token]:
    method = parse_method(source, dialect)
    start = max([parse_pattern(source, dialect).stop, *(each.stop for each in method.pragmas)])
    return [each for each in tokenize(source, dialect=dialect) if each.start >= start]


def _in_arrays(tokens: list[Token]) -> list[bool]:
    """Whether each token stands inside a literal array, its own parentheses not counted."""
    inside: list[bool] = []
    depth = 0
    for each in tokens:
        closing = each.text == ")" and each.kind == "punctuation"
        if depth and closing:
            depth -= 1
        inside.append(depth > 0)
        if (each.kind == "array" and each.text[-1] == "(") or (depth and each.text in ("(", "##(")):
            depth += 1
    return inside


def alter_method(source: str, rng: random.Random, dialect: Dialect = PHARO) -> tuple[str, str] | None:
    """A variant of `source` that parses but does something else, and the bug's name; None if nothing offers itself.

    Raises SmalltalkSyntaxError if `source` is invalid.
    """
    method = parse_method(source, dialect)
    tokens = tokenize(source, dialect=dialect)
    kinds = list(_ALTERATIONS)
    rng.shuffle(kinds)
    for propose in kinds:
        proposals = propose(source, method, tokens)
        rng.shuffle(proposals)
        for edits, defect in proposals:
            altered = _edited(source, edits)
            if _still_parses_otherwise(altered, method, dialect):
                return altered, defect
    return None


def _still_parses_otherwise(source: str, method: Method, dialect: Dialect) -> bool:
    try:
        return not same_tree(parse_method(source, dialect), method)
    except SmalltalkSyntaxError:
        return False


def _edited(source: str, edits: list[Edit]) -> str:
    for edit in sorted(edits, reverse=True):
        source = source[: edit.start] + edit.text + source[edit.stop :]
    return source


# -- mutations that break: each proposes every place where it could act


def _drop_bracket(source: str, tokens: list[Token]) -> list[Proposal]:
    return [
        ([Edit(each.start, each.end, "")], f"{_article(name)} {name} is missing")
        for each in tokens
        if (name := _bracket_name(each))
    ]


def _swap_bracket(source: str, tokens: list[Token]) -> list[Proposal]:
    proposals: list[Proposal] = []
    for each in tokens:
        name = _bracket_name(each)
        for text, other in ((")", "parenthesis"), ("]", "bracket"), ("}", "brace")):
            if name.startswith("closing") and each.text != text:
                proposals.append(
                    ([Edit(each.start, each.end, text)], f"{_article(name)} {name} should not be a {other}")
                )
    return proposals


def _double_bracket(source: str, tokens: list[Token]) -> list[Proposal]:
    return [
        ([Edit(each.end, each.end, " " + each.text)], f"there is {_article(name)} {name} too many")
        for each in tokens
        if (name := _bracket_name(each)) and name.startswith("closing")
    ]


def _drop_quote(source: str, tokens: list[Token]) -> list[Proposal]:
    return [
        ([Edit(each.end - 1, each.end, "")], "the closing quote of a string is missing")
        for each in tokens
        if each.text.endswith("'") and each.kind in ("string", "symbol")
    ]


def _with_neighbours(tokens: list[Token]) -> Iterator[tuple[Token | None, Token, Token | None]]:
    """Each token between the one before and the one after it, None at the ends."""
    return zip([None, *tokens[:-1]], tokens, [*tokens[1:], None], strict=True) if tokens else iter(())


def _drop_opening_quote(source: str, tokens: list[Token]) -> list[Proposal]:
    return [
        ([Edit(each.start, each.start + 1, "")], "the opening quote of a string is missing")
        for each in tokens
        # What a string with quotes or comment marks of its own becomes is anybody's guess.
        if each.kind == "string" and not set(each.text[1:-1]) & set("'\"$")
    ]


def _cut_literal(source: str, tokens: list[Token]) -> list[Proposal]:
    proposals: list[Proposal] = []
    for _, each, after in _with_neighbours(tokens):
        # What follows must not complete the rest again: `#foo at: 1` without `foo` is fine where `# at:` is.
        ends = after is None or (after.text in _ENDS and after.start > each.end)
        if each.kind == "symbol" and each.text[1] not in "#'" and ends and after is not None:
            proposals.append(([Edit(each.start + 1, each.end, "")], "a symbol was cut short: there is only the #"))
        if each.kind == "array":
            proposals.append(([Edit(each.start + 1, len(source), "")], "a literal array was cut short"))
        if each.kind == "string" and len(each.text) > 2:
            proposals.append(([Edit(each.end - 1, len(source), "")], "a string was cut short"))
    return proposals


def _drop_operand(source: str, tokens: list[Token]) -> list[Proposal]:
    missing = {
        "binary": "the operator {} has no operand after it",
        "keyword": "the keyword {} has no argument",
        "assign": "there is no value after {}",
    }
    proposals: list[Proposal] = []
    for before, each, after in _with_neighbours(tokens):
        alone = (after.text if after else "") in _ENDS
        # A bar may as well close a list of parameters, and then nothing need follow.
        if before and before.kind in missing and before.text != "|" and each.kind in _OPERANDS and alone:
            proposals.append(([Edit(before.end, each.end, "")], missing[before.kind].format(before.text)))
    return proposals


def _drop_argument(source: str, tokens: list[Token]) -> list[Proposal]:
    """Take away everything after a keyword, an operator or an assignment, up to the end of the statement."""
    return [
        ([Edit(before.end, len(source), "")], f"the method ends after {before.text}")
        for before, each in pairwise(tokens)
        if before.kind in ("keyword", "binary", "assign") and before.text != "|" and each.text not in ("|", ">")
    ]


def _stray_operator(source: str, tokens: list[Token]) -> list[Proposal]:
    return [
        ([Edit(each.end, each.end, f" {text}")], f"there is a stray {text} with nothing after it")
        for _, each, after in _with_neighbours(tokens)
        if each.kind in _OPERANDS and (after.text if after else "") in _ENDS
        for text in ("+", ",", ":=")
    ]


def _bad_cascade(source: str, tokens: list[Token]) -> list[Proposal]:
    proposals: list[Proposal] = []
    for before, each, after in _with_neighbours(tokens):
        if each.text == ";":
            proposals.append(([Edit(each.end, each.end, " ;")], "a cascade has a semicolon with no message after it"))
        starts = before is None or before.kind in ("assign", "caret") or before.text in (".", "(")
        if starts and each.kind in _OPERANDS and after is not None and after.kind == "name":
            proposals.append(([Edit(each.end, each.end, ";")], "a cascade starts before any message was sent"))
    return proposals


def _text_after_end(source: str, tokens: list[Token]) -> list[Proposal]:
    end = len(source)
    proposals: list[Proposal] = [
        ([Edit(end, end, "\n]")], "there is a closing bracket after the end of the method"),
        ([Edit(end, end, " )")], "there is a closing parenthesis that nothing opened"),
    ]
    if _returns_last(tokens):
        proposals.append(([Edit(end, end, ".\n\tself yourself")], "there is a statement after the return"))
    return proposals


def _returns_last(tokens: list[Token]) -> bool:
    """Whether a return stands outside all brackets: then it is the last statement."""
    depth = 0
    for before, each, _ in _with_neighbours(tokens):
        name = _bracket_name(each)
        # After anything else the caret of Cuis is an operator.
        starts = before is None or before.text in (".", "|", "||", ">")
        if each.kind == "caret" and depth == 0 and starts:
            return True
        depth += name.startswith("opening") - name.startswith("closing")
    return False


_BREAKS: tuple[Callable[[str, list[Token]], list[Proposal]], ...] = (
    _drop_bracket,
    _swap_bracket,
    _double_bracket,
    _drop_quote,
    _drop_opening_quote,
    _cut_literal,
    _drop_operand,
    _drop_argument,
    _stray_operator,
    _bad_cascade,
    _text_after_end,
)


# A bare bracket inside a literal array (`#($] ...)`) is a character token, so the text alone decides.
def _bracket_name(token: Token) -> str:
    return _BRACKET_NAMES.get(token.text, "") if token.kind in ("punctuation", "array") else ""


def _article(name: str) -> str:
    return "an" if name.startswith("opening") else "a"


# -- mutations that still parse


def _swap_arguments(source: str, method: Method, tokens: list[Token]) -> list[Proposal]:
    proposals: list[Proposal] = []
    for send in _keyword_sends(method):
        spans = [_with_parentheses(each, tokens) for each in send.arguments]
        for left, right in pairwise(spans):
            edits = [Edit(*left, source[slice(*right)]), Edit(*right, source[slice(*left)])]
            proposals.append((edits, f"two arguments of {send.selector} are in the wrong order"))
    return proposals


def _negate(source: str, method: Method, tokens: list[Token]) -> list[Proposal]:
    proposals: list[Proposal] = []
    for send in _keyword_sends(method):
        parts = selector_parts(send.selector)
        if all(each in _OPPOSITES for each in parts):
            keywords = [_token_before(each, tokens) for each in send.arguments]
            edits = [Edit(each.start, each.end, _OPPOSITES[each.text]) for each in keywords]
            wrong = "".join(_OPPOSITES[each] for each in parts)
            proposals.append((edits, f"a condition is negated: {wrong} should be {send.selector}"))
    return proposals


def _off_by_one(source: str, method: Method, tokens: list[Token]) -> list[Proposal]:
    pragmas = [(each.start, each.stop) for each in method.pragmas]
    proposals: list[Proposal] = []
    for token in tokens:
        small = token.kind == "integer" and token.text.isdecimal() and len(token.text) <= 15
        if small and not any(start <= token.start < stop for start, stop in pragmas):
            for value in {int(token.text) + 1, max(int(token.text) - 1, 0)} - {int(token.text)}:
                defect = f"a number is off by one: {value} should be {token.text}"
                proposals.append(([Edit(token.start, token.end, str(value))], defect))
    return proposals


def _drop_return(source: str, method: Method, tokens: list[Token]) -> list[Proposal]:
    following = {before.start: after.start for before, after in pairwise(tokens)}
    return [
        ([Edit(each.start, following[each.start], "")], "a return is missing: the ^ was left out")
        for each in walk(method)
        if isinstance(each, Return) and not source[each.start + 1 : following[each.start]].strip()
    ]


_ALTERATIONS: tuple[Callable[[str, Method, list[Token]], list[Proposal]], ...] = (
    _swap_arguments,
    _negate,
    _off_by_one,
    _drop_return,
)


def _keyword_sends(method: Method) -> list[Send]:
    return [each for each in walk(method) if isinstance(each, Send) and each.selector.endswith(":")]


def _with_parentheses(node: Node, tokens: list[Token]) -> tuple[int, int]:
    """The range of an argument with the parentheses around it, which belong to no node."""
    first = _position(node, tokens)
    last = first
    while tokens[last].end < node.stop:
        last += 1
    while tokens[first - 1].text == "(" and tokens[last + 1].text == ")":
        first, last = first - 1, last + 1
    return tokens[first].start, tokens[last].end


def _token_before(argument: Node, tokens: list[Token]) -> Token:
    """The keyword that `argument` follows."""
    position = _position(argument, tokens) - 1
    while tokens[position].text == "(":
        position -= 1
    return tokens[position]


def _position(node: Node, tokens: list[Token]) -> int:
    return next(index for index, each in enumerate(tokens) if each.start == node.start)
