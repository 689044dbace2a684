"""Tonel, one class a file: to records and back.

A file is an optional class comment, a `Class {`, `Trait {` or `Extension {` header, and methods such as
`{ #category : 'x' }` then `Foo class >> pattern [ body ]`. A method's end is found by scanning tokens, so
brackets in strings, comments and `$]` are safe.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from llmlab.smalltalk.lexer import (
    SmalltalkSyntaxError,
    closing_bracket,
    line_number,
    quoted,
    trim_end,
    unix_lines,
    unquoted,
)
from llmlab.smalltalk.nodes import Method
from llmlab.smalltalk.parser import Pattern, is_valid_method, parse_method, parse_pattern
from llmlab.smalltalk.records import ClassRecord, Kind, MethodRecord, Side
from llmlab.smalltalk.ston import StonError, Value, read_map, skip_blanks, string

Parse = Callable[[str], Method | Pattern]

_COMMENT = r'"[^"]*+(?:""[^"]*+)*+"'
_START = re.compile(rf"\s*+(?:({_COMMENT})\s*+)?(?:{_COMMENT}\s*+)*+(Class|Trait|Extension)\s*+(?=\{{)")
_KINDS: dict[str, Kind] = {"Class": "class", "Trait": "trait", "Extension": "extension"}
# Dotted names come from VisualWorks and Dolphin, names with `::` from ST/X.
_CLASS = r"[^\W\d][\w.]*+(?:::[\w.]++)*+"
_METHOD = re.compile(rf"({_CLASS})(?:\s+(class|classTrait|classSide))?\s*>>(?=\s)\s*")
# A pattern holds names, operators and comments: any other mark means that the opening bracket is missing.
_OPENING = re.compile(r"""(?:[^"\[\](){}^.;#'$]|"[^"]*+")*+\[""")
# Aliases and exclusions in a composition are symbols; what is no symbol is a trait.
_TRAIT = re.compile(r"(?<![#\w>.])[A-Z]\w*")
# Where reading can start again after a broken method: headers always stand at the start of a line.
_NEXT_METHOD = re.compile(rf"^(?:\{{\s*#\w+\s*:|{_CLASS}(?: class| classTrait| classSide)? >> )", re.MULTILINE)


class TonelError(ValueError):
    """A header that cannot be read: the message names the line and what was expected there."""


@dataclass(frozen=True)
class BrokenMethod:
    """A method whose text does not parse; `error` says why."""

    class_name: str
    side: Side
    source: str
    error: str


class MethodHeader(NamedTuple):
    """`Foo class >> pattern [`: `pattern` is where the pattern starts, `body` is just past the bracket."""

    class_name: str
    side: Side
    pattern: int
    body: int


def is_tonel(text: str) -> bool:
    """Whether `text` looks like a Tonel class, trait or extension; a `Package {` file holds none and is not."""
    return _START.match(unix_lines(text)) is not None


def read_class(text: str, *, parse: Parse = parse_method) -> tuple[ClassRecord, list[BrokenMethod]]:
    """The class of a Tonel file, and the methods that had to be left out; raises TonelError for a bad header.

    `parse` says what counts as a method: by default the whole of it in Pharo's dialect, or no more than a readable
    pattern where the dialect is another.
    """
    text = unix_lines(text)
    start = _START.match(text)
    if start is None:
        raise tonel_error(text, skip_blanks(text, 0), "'Class {', 'Trait {' or 'Extension {' after the comment")
    record, position = read_header(text, start.start(2))
    methods, broken = read_methods(text, position, record.name, parse=parse)
    comment = unquoted(start[1]) if start[1] else ""
    return replace(record, comment=_inner_lines(comment), methods=tuple(methods)), broken


def write_class(record: ClassRecord) -> str:
    """The Tonel file of `record`, in today's style: strings instead of symbols.

    `read_class` gives the same record back. Raises SmalltalkSyntaxError when a method has no readable pattern.
    """
    comment = quoted(f"\n{record.comment}\n", '"') + "\n" if record.comment else ""
    parts = [comment + _written_header(record)] + [_written_method(each, record.kind) for each in record.methods]
    return "\n\n".join(parts) + "\n"


def tonel_error(text: str, position: int, expected: str) -> TonelError:
    """The error saying that `expected` should have stood at `position`."""
    found = repr(text[position : position + 30]) if position < len(text) else "the end of the text"
    return TonelError(f"line {line_number(text, position)}: expected {expected}, found {found}")


# -- reading the header


def read_header(text: str, position: int) -> tuple[ClassRecord, int]:
    """The class without comment and methods whose `Class {` stands at `position`, and the index past its `}`."""
    kind = _KINDS.get(text[position : text.find("{", position)].strip())
    if kind is None:
        raise tonel_error(text, position, "'Class {', 'Trait {' or 'Extension {'")
    try:
        entries, stop = read_map(text, text.index("{", position))
    except StonError as error:
        raise tonel_error(text, error.position, error.expected) from None
    try:
        return _header_record(kind, entries), stop
    except ValueError as error:
        raise tonel_error(text, position, str(error)) from None


def _header_record(kind: Kind, entries: dict[str, Value]) -> ClassRecord:
    if "name" not in entries:
        raise ValueError("a header with the key #name")
    # The newest files give package and tag only where the category cannot be told from them.
    category = _text(entries, "category") or "-".join(
        part for part in (_text(entries, "package"), _text(entries, "tag")) if part
    )
    return ClassRecord(
        name=_text(entries, "name"),
        superclass=_text(entries, "superclass"),
        instance_variables=_texts(entries, "instVars"),
        class_variables=_texts(entries, "classVars"),
        class_instance_variables=_texts(entries, "classInstVars"),
        category=category,
        kind=kind,
        traits=_trait_names(entries.get("traits")),
    )


def _text(entries: dict[str, Value], key: str) -> str:
    value = entries.get(key, "")
    if not isinstance(value, str):
        raise ValueError(f"a string or symbol for #{key}")
    return value


def _texts(entries: dict[str, Value], key: str) -> tuple[str, ...]:
    value = entries.get(key, [])
    if not isinstance(value, list):
        raise ValueError(f"a list of strings for #{key}")
    texts = tuple(each for each in value if isinstance(each, str))
    if len(texts) != len(value):
        raise ValueError(f"nothing but strings in the list #{key}")
    return texts


def _trait_names(value: Value | None) -> tuple[str, ...]:
    """The names in `'TFoo + (TBar - { #a })'`, or in the list that newer files have."""
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    names = [name for each in texts if isinstance(each, str) for name in _TRAIT.findall(each)]
    return tuple(dict.fromkeys(names))


def _inner_lines(comment: str) -> str:
    # Tonel puts the comment on lines of its own: the first and last line ends are the format's.
    return comment.removeprefix("\n").removesuffix("\n")


# -- reading methods


def read_methods(
    text: str, position: int, class_name: str, *, parse: Parse = parse_method
) -> tuple[list[MethodRecord], list[BrokenMethod]]:
    """The methods from `position` to the end of `text`, and those that do not parse; never raises."""
    methods: list[MethodRecord] = []
    broken: list[BrokenMethod] = []
    position = skip_blanks(text, position)
    while position < len(text):
        method, stop = _read_method(text, position, class_name, parse)
        if isinstance(method, BrokenMethod):
            broken.append(method)
        else:
            methods.append(method)
        position = skip_blanks(text, stop)
    return methods, broken


def _read_method(text: str, position: int, class_name: str, parse: Parse) -> tuple[MethodRecord | BrokenMethod, int]:
    protocol, position = read_protocol(text, position)
    header = read_method_header(text, position)
    if header is None:
        error = f"line {line_number(text, position)} of the file: expected a method such as Foo >> bar [ ... ]"
        return _broken(text, _unopened_header(text, position, class_name), error)
    stop = closing_bracket(text, header.body)
    if stop is None:
        return _broken(text, header, "the method's closing bracket is missing")
    source = method_source(text, header, stop)
    try:
        selector = parse(source).selector
    except SmalltalkSyntaxError as error:
        return _broken(text, header, str(error))
    if next_method(text, header.body) < stop and not is_valid_method(source):
        # A bracket or quote of its own is missing, and the method has run on into the next.
        return _broken(text, header, "the method's closing bracket is missing")
    following = skip_blanks(text, stop)
    if following < len(text) and not _METHOD.match(text, following) and text[following] != "{":
        return _broken(text, header, "there is text after the method's closing bracket")
    return MethodRecord(header.class_name, header.side, protocol, selector, source), stop


def read_protocol(text: str, position: int) -> tuple[str, int]:
    """The category in the map at `position`, empty when there is no readable map, and where to read on."""
    if text[position : position + 1] != "{":
        return "", position
    try:
        entries, stop = read_map(text, position)
    except StonError:
        return "", position
    category = entries.get("category", "")
    return category if isinstance(category, str) else "", skip_blanks(text, stop)


def read_method_header(text: str, position: int) -> MethodHeader | None:
    """The header `Foo >> pattern [` at `position`; None when there is none."""
    match = _METHOD.match(text, position)
    opening = _OPENING.match(text, match.end()) if match else None
    if match is None or opening is None:
        return None
    return MethodHeader(match[1], "class" if match[2] else "instance", match.end(), opening.end())


def next_method(text: str, position: int) -> int:
    """Where the next line that starts a method begins, from `position` on; the end of `text` if none does."""
    match = _NEXT_METHOD.search(text, position)
    return match.start() if match else len(text)


def method_source(text: str, header: MethodHeader, stop: int) -> str:
    """Pattern and body of the method that ends at `stop`, brackets and outer blanks left out."""
    pattern = text[header.pattern : header.body - 1].rstrip()
    body = trim_end(text[header.body : stop - 1])
    # `foo: x [y]`: without a break the argument and the body would run together.
    gap = "\n\t" if body and (body[0].isalnum() or body[0] in "_:") else ""
    return pattern + gap + body


def _unopened_header(text: str, position: int, class_name: str) -> MethodHeader:
    match = _METHOD.match(text, position)
    if match is None:
        return MethodHeader(class_name, "instance", position, position)
    return MethodHeader(match[1], "class" if match[2] else "instance", match.end(), match.end())


def _broken(text: str, header: MethodHeader, error: str) -> tuple[BrokenMethod, int]:
    """Give up on the method of `header`, and go on at the next line that starts one."""
    stop = next_method(text, header.body + 1)
    raw = text[header.pattern : stop].rstrip()
    if header.body > header.pattern:
        cut = header.body - header.pattern
        raw = raw[: cut - 1].rstrip() + raw[cut:]
    return BrokenMethod(header.class_name, header.side, raw.removesuffix("]").rstrip(), error), stop


# -- writing


def _written_header(record: ClassRecord) -> str:
    entries = [f"#name : {string(record.name)}"]
    if record.superclass:
        entries.append(f"#superclass : {string(record.superclass)}")
    lists = (
        ("instVars", record.instance_variables),
        ("classVars", record.class_variables),
        ("classInstVars", record.class_instance_variables),
    )
    for key, names in lists:
        if names:
            items = ",".join(f"\n\t\t{string(each)}" for each in names)
            entries.append(f"#{key} : [{items}\n\t]")
    if record.traits:
        entries.append(f"#traits : {string(' + '.join(record.traits))}")
    if record.category:
        entries.append(f"#category : {string(record.category)}")
    return f"{record.kind.capitalize()} {{\n\t" + ",\n\t".join(entries) + "\n}"


def _written_method(method: MethodRecord, kind: Kind) -> str:
    stop = parse_pattern(method.source).stop
    metadata = f"{{ #category : {string(method.protocol)} }}\n" if method.protocol else ""
    meta = " classTrait" if kind == "trait" else " class"
    owner = method.class_name + (meta if method.side == "class" else "")
    return f"{metadata}{owner} >> {method.source[:stop]} [{method.source[stop:]}\n]"
