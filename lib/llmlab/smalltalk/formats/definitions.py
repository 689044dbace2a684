"""Class definitions, comments and removals, which most formats write as plain message sends.

Arguments are found by their keyword, never by position: every system has keywords of its own, in orders of its own.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from llmlab.smalltalk.formats.reading import Gathering
from llmlab.smalltalk.lexer import Token, scan, unquoted
from llmlab.smalltalk.records import ClassRecord

_SUBCLASS = re.compile(r"\w*[sS]ubclass:")
_OPENING = frozenset({"(", "[", "{", "#(", "#["})
_CLOSING = frozenset({")", "]", "}"})
_SIDES = ("class", "classTrait", "classSide")
_INSTANCE = ("instanceVariableNames:", "instVarNames:", "slots:", "instanceVariables:")
_CLASS = ("classVariableNames:", "classVars:", "classVarNames:", "sharedVariables:", "classVariables:")
_CLASS_INSTANCE = ("classInstanceVariableNames:", "classInstVars:", "classInstanceVariables:")
_CATEGORY = ("category:", "package:")
# ST/X writes `Outer::Inner`, which the lexer would cut after `Outer:`; this letter stands in for the colons.
_COLONS = re.compile(r"(?<=\w)::(?=[^\W\d])")
_STAND_IN = "\u02d0"
_RELEVANT = re.compile(r"ubclass:|omment:|Names:|nstVars:|named:|<<|removeSelector:|slots:")
# A definition is short; what is longer holds data, and is a do-it all the same.
MAX_LENGTH = 200_000


@dataclass
class Sending:
    """One statement: what stands before its keywords, and every keyword argument, those of cascades too."""

    receiver: list[Token] = field(default_factory=list)
    arguments: list[tuple[str, list[Token]]] = field(default_factory=list)

    def value(self, *keywords: str) -> list[Token]:
        """The tokens of the first argument under one of `keywords`; empty when there is none."""
        return next((value for key, value in self.arguments if key in keywords), [])


def take_definitions(text: str, gathering: Gathering) -> int:
    """Act on every definition, comment and removal among the statements of `text`; returns how many there were."""
    if len(text) > MAX_LENGTH or not _RELEVANT.search(text):
        return 0
    return sum(_take(each, gathering) for each in statements(text))


def statements(text: str) -> Iterator[Sending]:
    """The statements of `text`, cut at the periods and semicolons outside all brackets."""
    text = _COLONS.sub(_STAND_IN, text)
    sending = Sending()
    depth = 0
    previous: Token | None = None
    for token in scan(text):
        if token.kind == "comment":
            continue
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth <= 0 and token.text == "." and not _joins(text, token):
            yield sending
            sending, previous = Sending(), None
            continue
        if depth <= 0 and token.kind == "keyword":
            sending.arguments.append((token.text, []))
        elif not (depth <= 0 and token.text == ";"):
            (sending.arguments[-1][1] if sending.arguments else sending.receiver).append(token)
        previous = token
    if previous is not None:
        yield sending


def _joins(text: str, period: Token) -> bool:
    """Whether a period is part of a dotted name, as in `Kernel.Object`."""
    before, after = text[period.start - 1 : period.start], text[period.end : period.end + 1]
    return before.isalnum() and after.isalpha() and after.isupper()


def _take(sending: Sending, gathering: Gathering) -> int:
    receiver = sending.receiver
    if receiver and receiver[0].text == "(":
        # (Object subclass: 'Foo' ...) category: 'c'; comment: 't'
        return _take_wrapped(sending, gathering)
    texts = [each.text for each in receiver]
    if "<<" in texts:
        return _take_fluid(sending, texts.index("<<"), gathering)
    if not sending.arguments:
        return 0
    keyword, value = sending.arguments[0]
    owner, class_side = _owner(texts)
    if _SUBCLASS.fullmatch(keyword) and owner and name_of(value):
        return _define(sending, owner, name_of(value), gathering)
    if keyword == "named:" and owner == "Trait" and name_of(value):
        return _define(sending, "", name_of(value), gathering, trait=True)
    return _change(sending, owner, class_side, gathering) if owner else 0


def _take_wrapped(sending: Sending, gathering: Gathering) -> int:
    tokens = sending.receiver
    inner = tokens[1 : -1 if tokens[-1].text == ")" else None]
    nested = Sending()
    depth = 0
    for token in inner:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth <= 0 and token.kind == "keyword":
            nested.arguments.append((token.text, []))
        else:
            (nested.arguments[-1][1] if nested.arguments else nested.receiver).append(token)
    if not nested.arguments or not _SUBCLASS.fullmatch(nested.arguments[0][0]):
        return 0
    owner, _ = _owner([each.text for each in nested.receiver])
    name = name_of(nested.arguments[0][1])
    if not owner or not name:
        return 0
    nested.arguments += sending.arguments
    return _define(nested, owner, name, gathering)


def _take_fluid(sending: Sending, mark: int, gathering: Gathering) -> int:
    """`Object << #Foo slots: { #a }; package: 'P'`, and `Object class << Foo class slots: { #b }`."""
    owner, _ = _owner([each.text for each in sending.receiver[:mark]])
    rest = sending.receiver[mark + 1 :]
    name = name_of(rest)
    if not name:
        return 0
    if any(each.text in _SIDES for each in rest[1:]):
        gathering.change(name, class_instance_variables=names_in(sending.value("slots:")))
        return 1
    return _define(sending, "" if owner == "Trait" else owner, name, gathering, trait=owner == "Trait")


def _define(sending: Sending, superclass: str, name: str, gathering: Gathering, trait: bool = False) -> int:
    category = text_of(sending.value(*_CATEGORY))
    tag = text_of(sending.value("tag:"))
    outer = name_of(sending.value("privateIn:"))
    gathering.define(
        ClassRecord(
            f"{outer}::{name}" if outer else name,
            "" if superclass == "nil" else superclass,
            names_in(sending.value(*_INSTANCE)),
            names_in(sending.value(*_CLASS)),
            names_in(sending.value(*_CLASS_INSTANCE)),
            f"{category}-{tag}" if category and tag else category or tag,
            text_of(sending.value("comment:")),
            "trait" if trait else "class",
            traits=_traits(sending.value("uses:", "traits:")),
        )
    )
    return 1


def _change(sending: Sending, owner: str, class_side: bool, gathering: Gathering) -> int:
    done = 0
    for keyword, value in sending.arguments:
        if keyword in ("removeSelector:", "removeSelector:ifAbsent:") and text_of(value):
            gathering.remove(owner, "class" if class_side else "instance", text_of(value))
            done += 1
        elif keyword == "comment:" and not class_side and value and value[0].kind == "string":
            gathering.change(owner, comment=text_of(value))
            done += 1
        elif class_side and keyword in _INSTANCE:
            gathering.change(owner, class_instance_variables=names_in(value))
            done += 1
    return done


def _owner(texts: Sequence[str]) -> tuple[str, bool]:
    """The class that a receiver names, dotted or with `::`, and whether its class side is meant."""
    class_side = bool(texts) and texts[-1] in _SIDES
    name = "".join(texts[:-1] if class_side else texts).replace(_STAND_IN, "::")
    return (name, class_side) if re.fullmatch(r"[^\W\d][\w.:]*", name) else ("", False)


# -- argument values


def name_of(tokens: Sequence[Token]) -> str:
    """The name that a symbol, a string or a plain name gives; empty for anything else."""
    if not tokens:
        return ""
    if tokens[0].kind == "name":
        end = next((i for i, each in enumerate(tokens) if each.kind != "name" and each.text not in (".", ":")), None)
        words = [each.text for each in tokens[:end]]
        dotted = len(words) > 1 and words[1] in (".", ":")
        return ("".join(words) if dotted else words[0]).replace(_STAND_IN, "::")
    return text_of(tokens)


def text_of(tokens: Sequence[Token]) -> str:
    """The content of a string or symbol; empty for anything else."""
    if not tokens or tokens[0].kind not in ("string", "symbol"):
        return ""
    text = tokens[0].text.lstrip("#").replace(_STAND_IN, "::")
    return unquoted(text) if text[:1] == "'" else text


def names_in(tokens: Sequence[Token]) -> tuple[str, ...]:
    """The names of `'a b'`, `#(a b)`, `#('a' #b)` or `{ #a. #b => WeakSlot }`."""
    if not tokens:
        return ()
    if tokens[0].kind in ("string", "symbol"):
        return tuple(text_of(tokens).split())
    names: list[str] = []
    fresh = True
    for token in tokens[1:]:
        if token.text in (".", ";"):
            fresh = True
        elif fresh and token.kind in ("string", "symbol", "name"):
            names.append(token.text if token.kind == "name" else text_of([token]))
            # In a literal array every word is an element; in braces only the first of each expression.
            fresh = tokens[0].text != "{"
        elif token.text in _CLOSING:
            break
    return tuple(names)


def _traits(tokens: Sequence[Token]) -> tuple[str, ...]:
    """The traits of a composition such as `TFoo + TBar @ {#a -> #b}`; `{}` and `()` are none."""
    names: list[str] = []
    depth = 0
    for token in tokens:
        depth += (token.text in ("{", "[")) - (token.text in ("}", "]"))
        if token.kind == "name" and token.text[:1].isupper() and (depth == 0 or tokens[0].text == "{"):
            names.append(token.text)
    return tuple(dict.fromkeys(names))
