"""How things are named: classes, selectors, variables, and what tests assert."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from llmlab.smalltalk.lexer import Token
from llmlab.smalltalk.records import ClassRecord, MethodRecord

ASSERTION = re.compile(r"(?:assert|deny|should|shouldnt|fail|skip)(?![a-z])\w*", re.IGNORECASE)
_LAST = re.compile(r"[A-Z]+[a-z0-9]*$")
_ARTICLE = re.compile(r"an?[A-Z]")
_OPENING = ("(", "[", "{", "#(", "#[")
_CLOSING = (")", "]", "}")
_BOOLEAN = re.compile(r"(?:is|has|can|should|was|are|includes|needs|allows)(?:[A-Z]|$)")


@dataclass
class Names:
    """How often each shape of a name occurs, and each assertion."""

    selectors: Counter[str] = field(default_factory=Counter)
    variables: Counter[str] = field(default_factory=Counter)
    suffixes: Counter[str] = field(default_factory=Counter)
    assertions: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, dict[str, int]]:
        """Counts as plain values."""
        return {
            "selectors": dict(self.selectors),
            "variables": dict(self.variables),
            "suffixes": dict(self.suffixes),
            "assertions": dict(self.assertions),
        }


def note_class(names: Names, record: ClassRecord) -> None:
    """Count a class by the last word of its name, and its variables by their shape."""
    last = _LAST.search(record.name)
    names.suffixes[last[0] if last else "(none)"] += 1
    for variable in record.instance_variables:
        names.variables[variable_shape(variable)] += 1


def note_method(names: Names, method: MethodRecord, tokens: Sequence[Token], test: bool) -> None:
    """Count a method by its selector, its arguments and temporaries by their shape, its assertions by name."""
    names.selectors[selector_shape(method.selector, test)] += 1
    for variable in declared(tokens):
        names.variables[variable_shape(variable)] += 1
    if test:
        names.assertions.update(assertions(tokens))


def selector_shape(selector: str, test: bool = False) -> str:
    """What a selector looks like; a test's is told from others by its first word."""
    keywords = selector.count(":")
    if test and selector.startswith("test"):
        return "test…"
    if keywords:
        return f"{min(keywords, 3)}{'+' if keywords > 2 else ''} keyword{'s' * (keywords > 1)}"
    if not selector[:1].isalpha() and selector[:1] != "_":
        return "operator"
    return "is…, has…, can…" if _BOOLEAN.match(selector) else "plain word"


def variable_shape(name: str) -> str:
    """What the name of a variable looks like."""
    if _ARTICLE.match(name):
        return "article and type (aString)"
    if len(name) == 1:
        return "one letter"
    if "_" in name.strip("_"):
        return "with underscores"
    return "several words (lastName)" if any(each.isupper() for each in name[1:]) else "one word"


def declared(tokens: Sequence[Token]) -> list[str]:
    """Arguments of the pattern and of blocks, and temporaries, each as often as it is declared.

    By position alone, so that code that no parser accepts counts as well: names after a keyword or an operator before
    anything else stands, names after `:` in a block, names between two bars.
    """
    code = [token for token in tokens if token.kind != "comment"]
    found: list[str] = []
    place = 0
    while place + 1 < len(code) and _is_part(code[place]) and code[place + 1].kind == "name":
        found.append(code[place + 1].text)
        place += 2
    while place + 1 < len(code):
        if code[place].text == ":" and code[place + 1].kind == "name":
            found.append(code[place + 1].text)
            # The bar behind a block's arguments opens no temporaries.
            place += 1 + (code[place + 2 : place + 3] != [] and code[place + 2].text == "|")
        elif code[place].text == "|":
            names = _before_bar(code, place + 1)
            found += names
            place += len(names) + bool(names)
        place += 1
    return found


def _is_part(token: Token) -> bool:
    """Whether a token can be a part of a selector; a bar there would open the temporaries."""
    return token.kind == "keyword" or (token.kind == "binary" and token.text != "|")


def _before_bar(code: Sequence[Token], start: int) -> list[str]:
    """The names up to the next bar, none if anything else stands there."""
    names: list[str] = []
    for token in code[start:]:
        if token.text == "|":
            return names
        if token.kind != "name":
            return []
        names.append(token.text)
    return []


def assertions(tokens: Sequence[Token]) -> list[str]:
    """Selectors of assertions, their keywords joined: `assert:equals:`.

    Keywords are joined until the message ends: at a period, a cascade, a bracket that closes, or the next assertion.
    """
    found: list[str] = []
    depth = 0
    level: int | None = None  # the depth at which the keywords of the assertion stand, while it lasts
    for token in tokens:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if level is not None and (depth < level or (depth == level and token.text in (".", ";"))):
            level = None
        if token.kind in ("keyword", "name") and ASSERTION.fullmatch(token.text.rstrip(":")):
            found.append(token.text)
            level = depth if token.kind == "keyword" else None
        elif token.kind == "keyword" and depth == level:
            found[-1] += token.text
    return found
