"""Characters to Smalltalk tokens: one compiled regular expression for each dialect.

A `-` before a digit stays a binary token: only the parser knows whether an operand or an operator is due, so it
joins sign and number there (`3-4` subtracts, `3--4` is 3 minus -4).
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from llmlab.smalltalk.dialects import PHARO, Dialect

# Possessive quantifiers (`*+`) keep an unterminated string or comment linear: without them the expression
# would back off into `'a''b` and report a string that ends at its first doubled quote.
STRING = r"'[^']*+(?:''[^']*+)*+'"
_BRACKETS = re.compile(r"""'[^']*+'|"[^"]*+"|\$[\s\S]|[\[\]'"]""")
_LINE_END = re.compile(r"\r\n|\r|\n")
# What no dialect's expression can match.
NOTHING = r"(?!)"


def operator(dialect: Dialect) -> str:
    """One binary operator, as a regular expression."""
    one = f"[{dialect.operators}]"
    if dialect.operator_takes_minus:
        return f"{one}++"
    # Subtle: `-` directly before a digit ends the operator, unless it is its first character.
    more = f"{{0,{dialect.longest_operator - 1}}}+" if dialect.longest_operator else "*+"
    return f"{one}(?:(?!-[0-9]){one}){more}"


def path(dialect: Dialect) -> str:
    """Two or more names with periods between, as a regular expression."""
    name = dialect.identifier
    return rf"{name}(?:(?:{dialect.paths}){name})++" if dialect.paths else NOTHING


def bare_symbol(dialect: Dialect) -> str:
    """What may follow `#` without quotes, as a regular expression."""
    name = dialect.identifier
    words = rf"(?:{name}:(?!=))++|{name}" if dialect.symbol_splits else rf"{name}(?::(?!=)(?:{name})?)*"
    paths = path(dialect) if dialect.path_symbols else NOTHING
    return f"{paths}|{words}|{operator(dialect)}{'|:' if dialect.spaced_hash else ''}"


def hashes(dialect: Dialect) -> str:
    """What a symbol or an array starts with, as a regular expression."""
    return ("##?" if dialect.double_hash else "#") + (f"{dialect.blank}*+" if dialect.spaced_hash else "")


def numbers(dialect: Dialect) -> dict[str, str]:
    """The kinds of number, as regular expressions, in the order in which to try them."""
    digits, signs = dialect.digits, dialect.exponent_sign
    return {
        "radix": dialect.radix,
        "unfinished": dialect.unfinished or NOTHING,
        "scaled": rf"{digits}(?:\.{digits})?s[0-9]*(?!\w)" if dialect.scaled else NOTHING,
        "float": rf"{digits}\.{digits}(?:[edq][{signs}]?[0-9]+)?",
        "integer": rf"{digits}(?:[edq][{signs}]?[0-9]+)?",
    }


@cache
def token_pattern(dialect: Dialect) -> re.Pattern[str]:
    """One token after any blanks; the group that matched is the token's kind."""
    kinds = [f"(?P<{kind}>{pattern})" for kind, pattern in _kinds(dialect).items()]
    return re.compile(f"{dialect.blank}*+(?:{'|'.join(kinds)})")


@cache
def text_pattern(dialect: Dialect) -> re.Pattern[str]:
    """The same without kinds, for speed: its only group is the token's text, empty for a comment and at the end."""
    kinds = _kinds(dialect)
    comment, end = kinds.pop("comment"), kinds.pop("end")
    tokens = "|".join(f"(?:{pattern})" for pattern in kinds.values())
    return re.compile(f"{dialect.blank}*+(?:{comment}|({tokens})|{end})")


def _kinds(dialect: Dialect) -> dict[str, str]:
    """Every kind of token and its regular expression, in the order in which they are tried."""
    name = dialect.identifier
    start = hashes(dialect)
    openings = [r"#\{"] * (dialect.dictionaries or dialect.bindings) + [r"##\("] * dialect.compile_time
    patterns = {
        "comment": dialect.comment,
        "assign": dialect.assign,
        "path": path(dialect),
        "keyword": rf"{name}:(?![=:])" if dialect.double_colon else rf"{name}:(?!=)",
        "name": name,
        "colons": "::" if dialect.double_colon else NOTHING,
        "punctuation": r"[\[\](){};.:`]" if dialect.backticks else r"[\[\](){};.:]",
        "caret": dialect.returns,
        "binary": operator(dialect),
        "string": STRING,
        **numbers(dialect),
        # Before arrays: where `##atom` is a symbol, `##(` is still an expression.
        "opening": "|".join(openings) or NOTHING,
        "array": f"{start}[(\\[]" if dialect.byte_arrays else f"{start}\\(",
        "symbol": rf"{hashes(dialect)}(?:{bare_symbol(dialect)}|{STRING})",
        "character": dialect.character,
        "bad": r"[\s\S]",
        "end": r"\Z",
    }
    return {kind: pattern for kind, pattern in patterns.items() if pattern != NOTHING}


@cache
def _plain_symbol(dialect: Dialect) -> re.Pattern[str]:
    return re.compile(bare_symbol(dialect))


class Token(NamedTuple):
    """One lexical unit; `text` is exactly `source[start:end]`.

    Kinds: name, path (`Smalltalk.Foo`), keyword (`at:`), binary, assign, caret, punctuation (`[ ] ( ) { } ; . :` and
    a backtick), colons (`::`), array (`#(` or `#[`), opening (`##(` or `#{`), integer, float, scaled, character,
    string, symbol (with its `#`), raw (Amber's `<JavaScript>`), and comment where comments are asked for.
    """

    kind: str
    text: str
    start: int
    end: int


class SmalltalkSyntaxError(ValueError):
    """Source text that is not Smalltalk: what was expected, and where.

    `position` counts characters from 0, `line` lines from 1. Build one with `syntax_error`.
    """

    # Every field goes to ValueError too, so that the error survives pickling between worker processes.
    def __init__(self, message: str, position: int = 0, expected: str = "", line: int = 1) -> None:
        super().__init__(message, position, expected, line)
        self.position = position
        self.expected = expected
        self.line = line

    def __str__(self) -> str:
        return str(self.args[0])


def line_number(source: str, position: int) -> int:
    """The line of `position`, from 1; LF, CRLF and lone CR all end a line."""
    return 1 + sum(1 for _ in _LINE_END.finditer(source, 0, position))


def syntax_error(source: str, position: int, expected: str) -> SmalltalkSyntaxError:
    """The error saying that `expected` should have stood at `position`."""
    line = line_number(source, position)
    found = repr(source[position : position + 20]) if position < len(source) else "the end of the text"
    return SmalltalkSyntaxError(f"line {line}: expected {expected}, found {found}", position, expected, line)


_RAW = re.compile(r"(?P<raw><(?:>>|[^>])*+>)")
_PRAGMA_START = re.compile(r"<\s*[A-Za-z][A-Za-z0-9]*(?:\s*>(?!>)|:(?![=:]))")
_BEFORE_RAW = frozenset({".", "[", "|", "||"})


def _matches(source: str, dialect: Dialect) -> Iterator[re.Match[str]]:
    """The tokens of a text, as matches of their expressions."""
    if not dialect.raw_statements or "<" not in source:
        return token_pattern(dialect).finditer(source)
    return _matches_around_raw(source, token_pattern(dialect))


def _matches_around_raw(source: str, tokens: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """The same where a statement may be raw text: where a statement starts and no pragma does."""
    position, header, before = 0, list[str](), ""
    while (match := tokens.match(source, position)) is not None:
        kind = match.lastgroup or "end"
        text, start = match[kind], match.start(kind)
        starts = before in _BEFORE_RAW or _is_pattern(header)
        if starts and text[:1] == "<" and not _PRAGMA_START.match(source, start):
            match = _RAW.match(source, start) or match
        yield match
        if kind == "end":
            return
        if kind != "comment":
            before = text
            header = [*header, kind][:_LONGEST_PATTERN]
        position = match.end()


# Tokens of a pattern of thirty keywords, more than any compiler takes arguments for.
_LONGEST_PATTERN = 61


def _is_pattern(kinds: list[str]) -> bool:
    """Whether tokens of these kinds are a whole method pattern."""
    if kinds[:1] == ["keyword"]:
        return len(kinds) % 2 == 0 and set(kinds[::2]) == {"keyword"} and set(kinds[1::2]) == {"name"}
    return kinds in (["name"], ["binary", "name"])


def scan(source: str, dialect: Dialect = PHARO) -> Iterator[Token]:
    """Every token of any text at all, comments included; what is no token comes one character at a time as `bad`."""
    for match in _matches(source, dialect):
        kind = match.lastgroup or "end"
        if kind != "end":
            yield Token(kind, match[kind], match.start(kind), match.end())


def tokenize(source: str, comments: bool = False, dialect: Dialect = PHARO) -> list[Token]:
    """The tokens of `source`, with comments left out unless asked for.

    Raises SmalltalkSyntaxError for an unterminated string or comment, a character that starts no token, and a
    number whose digits do not suit its radix.
    """
    tokens: list[Token] = []
    append = tokens.append
    for match in _matches(source, dialect):
        kind = match.lastgroup or "end"
        if kind in _RARE:
            if kind == "end" or (kind == "comment" and not comments):
                continue
            kind = checked_kind(source, kind, match[kind], match.start(kind))
        # lastgroup names the group as it matched; a radix number has become an integer by now.
        start, end = match.span(match.lastindex or 0)
        append(Token(kind, source[start:end], start, end))
    return tokens


_RARE = frozenset({"bad", "end", "comment", "radix", "unfinished"})


def checked_kind(source: str, kind: str, text: str, start: int) -> str:
    """The public kind of a rare token; raises SmalltalkSyntaxError for a bad one."""
    if kind == "bad":
        raise syntax_error(source, start, _EXPECTED_INSTEAD.get(text, "Smalltalk text"))
    if kind == "unfinished":
        raise syntax_error(source, start, f"digits after the radix {text[:-1]}")
    if kind == "radix":
        _check_radix(source, text, start)
        return "integer"
    return kind


_EXPECTED_INSTEAD = {
    "'": "a closing quote for the string that starts here",
    '"': "a closing double quote for the comment that starts here",
    "$": "a character after $",
    "#": "a symbol, a literal array or a byte array after #",
}


def _check_radix(source: str, text: str, start: int) -> None:
    radix_text, _, rest = text.partition("r")
    # Bounded before conversion: int() refuses texts of thousands of digits with an error of its own.
    radix = int(radix_text) if len(radix_text) <= 2 else 0
    if not 2 <= radix <= 36:
        raise syntax_error(source, start, "a radix from 2 to 36")
    digits = set(rest.partition("e")[0]) - set("-._")
    if any(int(digit, 36) >= radix for digit in digits):
        raise syntax_error(source, start, f"digits below the radix {radix}")


def closing_bracket(text: str, start: int, depth: int = 1) -> int | None:
    """The index just past the `]` that brings `depth` open brackets at `start` down to none.

    Brackets inside strings, comments and characters (`$]`) do not count. None when the text ends first.
    """
    for match in _BRACKETS.finditer(text, start):
        found = match[0]
        if found == "[":
            depth += 1
        elif found == "]":
            depth -= 1
            if depth == 0:
                return match.end()
        elif found in ("'", '"'):
            return None
    return None


def is_plain_symbol(text: str, dialect: Dialect = PHARO) -> bool:
    """Whether `#` followed by `text` reads back as that symbol without quotes."""
    return _plain_symbol(dialect).fullmatch(text) is not None


def quoted(text: str, quote: str = "'") -> str:
    """`text` between quotes, its own quotes doubled."""
    return quote + text.replace(quote, quote * 2) + quote


def unquoted(text: str) -> str:
    """The content of a string or comment token: without its quotes, doubled quotes made single."""
    return text[1:-1].replace(text[0] * 2, text[0])


def trim_end(source: str) -> str:
    """`source` without the blanks at its end, unless the first of them is the character of a `$ `."""
    trimmed = source.rstrip()
    dollars = len(trimmed) - len(trimmed.rstrip("$"))
    # An odd run of dollars ends in one that still wants its character; `$$` is complete.
    return source[: len(trimmed) + dollars % 2]


def unix_lines(text: str) -> str:
    """`text` without a byte-order mark, every line end made LF."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
