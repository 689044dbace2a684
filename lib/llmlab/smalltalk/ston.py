"""STON, the notation of Tonel headers: maps, lists, strings and symbols.

Strings and symbols both become `str`, as new Tonel writes the one where old Tonel wrote the other; so do
numbers and `true`, `false`, `nil`, which no header we use needs.
"""

import re
from typing import NoReturn

Value = str | list["Value"] | dict[str, "Value"]

# Slots and traits nest three deep at most; the limit only keeps hostile text from exhausting Python's stack.
MAX_DEPTH = 30

_BLANKS = re.compile(r'(?:[ \t\r\n\f]++|"[^"]*+")*+')
# STON escapes with a backslash; some exporters double quotes, as Smalltalk does.
_QUOTED = r"'((?:[^'\\]|\\[\s\S]|'')*+)'"
_ATOM = re.compile(rf"#?{_QUOTED}|#([\w./:-]+|[-+*/\\~<>=@%&?!|]+)|(-?\w[\w.-]*)")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[\s\S])|''")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "b": "\b"}
_HALVES = tuple(f"d{digit}" for digit in "89abcdef")
_PLAIN = re.compile(r"[^\W\d]\w*")


class StonError(ValueError):
    """Text that is not STON: `expected`, and the `position` it should have been at."""

    def __init__(self, expected: str, position: int) -> None:
        super().__init__(expected, position)
        self.expected = expected
        self.position = position


def read_map(text: str, position: int) -> tuple[dict[str, Value], int]:
    """The map whose `{` stands at `position`, and the index past its `}`; raises StonError."""
    value, stop = _read(text, position, 0)
    if not isinstance(value, dict):
        raise StonError("{ to start a map", position)
    return value, stop


def skip_blanks(text: str, position: int) -> int:
    """The index of the next character that is neither blank nor in a comment."""
    match = _BLANKS.match(text, position)
    assert match is not None
    return match.end()


def symbol(name: str) -> str:
    """`name` as a symbol, quoted when it is not a plain word: `#Demo`, `#'Lab-Bank'`."""
    return f"#{name}" if _PLAIN.fullmatch(name) else f"#{string(name)}"


def string(content: str) -> str:
    """`content` as a STON string."""
    escaped = content.replace("\\", "\\\\").replace("'", "\\'")
    for letter in "nrt":
        escaped = escaped.replace(_ESCAPED[letter], "\\" + letter)
    return f"'{escaped}'"


def _read(text: str, position: int, depth: int) -> tuple[Value, int]:
    if depth > MAX_DEPTH:
        _fail(f"at most {MAX_DEPTH} levels of nesting", position)
    opening = text[position : position + 1]
    if opening == "{":
        return _read_entries(text, position + 1, depth)
    if opening == "[":
        return _read_items(text, position + 1, depth)
    return _read_atom(text, position)


def _read_atom(text: str, position: int) -> tuple[str, int]:
    match = _ATOM.match(text, position)
    if match is None:
        raise StonError("a string, a symbol, [ or {", position)
    if match[1] is not None:
        return _ESCAPE.sub(_unescaped, match[1]), match.end()
    return match[2] or match[3], match.end()


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if code is None:
        return "'"
    if len(code) > 1:
        # Half a surrogate pair is no character, and no file could hold it.
        return "\ufffd" if code[1:3].lower() in _HALVES else chr(int(code[1:], 16))
    return _ESCAPED.get(code, code)


def _read_items(text: str, position: int, depth: int) -> tuple[list[Value], int]:
    items: list[Value] = []
    position = skip_blanks(text, position)
    while text[position : position + 1] != "]":
        if items:
            position = _past(text, position, ",", "a comma or the ] that closes the list")
        value, position = _read(text, position, depth + 1)
        items.append(value)
        position = skip_blanks(text, position)
    return items, position + 1


def _read_entries(text: str, position: int, depth: int) -> tuple[dict[str, Value], int]:
    entries: dict[str, Value] = {}
    position = skip_blanks(text, position)
    while text[position : position + 1] != "}":
        if entries:
            position = _past(text, position, ",", "a comma or the } that closes the map")
        key, position = _read_atom(text, position)
        if text[position - 1] == ":":  # `#name:'X'` without a blank: the colon is the map's, not the symbol's
            key, position = key[:-1], position - 1
        position = _past(text, skip_blanks(text, position), ":", f"a colon after the key {key!r}")
        entries[key], position = _read(text, position, depth + 1)
        position = skip_blanks(text, position)
    return entries, position + 1


def _past(text: str, position: int, mark: str, expected: str) -> int:
    if not text.startswith(mark, position):
        _fail(expected, position)
    return skip_blanks(text, position + 1)


def _fail(expected: str, position: int) -> NoReturn:
    raise StonError(expected, position)
