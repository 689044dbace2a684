"""Whether a method is valid, several times faster than by building its tree.

Every token becomes one letter. Without its brackets the grammar is regular, so one expression over letters checks
the innermost parentheses, blocks and braces, puts the letter of a finished operand in their place, and the next
round does the same one level up; what is left must match a whole method. The tables are made from the dialect's row.

A yes is final. What the tables do not cover, rare or wrong, goes to the parser, whose word is the error too.
"""

import re
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from llmlab.smalltalk.dialects import PHARO, Dialect
from llmlab.smalltalk.lexer import (
    NOTHING,
    STRING,
    SmalltalkSyntaxError,
    bare_symbol,
    hashes,
    numbers,
    operator,
    path,
)
from llmlab.smalltalk.literals import MAX_DEPTH
from llmlab.smalltalk.parser import parse_method

# Levels of nested literal arrays that the tables know.
_ARRAY_LEVELS = 4

# The letters: n name, t path, k keyword, a assignment, D number, l other literal, p finished operand; m v w x are the
# operators - | < >, q is ||, b any other; O P B E L R are ( ) [ ] { }, s d o r are ; . : ^, A is #(, and X is whatever
# the tables leave to the parser. A group of the token's expression needs a name of its own, hence these doubles,
# and the two letters that stand for nothing.
_DOUBLES = str.maketrans({"G": "D", "S": "l", "Y": "l", "C": "l", "H": "X", "I": "X", "J": "X", "c": None, "e": None})
_BLANKS = r"[ \t\r\n\f]*+"
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?=[ \t\r\n\f\]])"
_kind_of = attrgetter("lastgroup")


def syntax_fault(source: str, dialect: Dialect = PHARO) -> SmalltalkSyntaxError | None:
    """What is wrong with a method; None when it is valid."""
    if is_surely_valid(source, dialect):
        return None
    try:
        parse_method(source, dialect)
    except SmalltalkSyntaxError as error:
        return error
    return None


def is_surely_valid(source: str, dialect: Dialect = PHARO) -> bool:
    """Whether the tables accept `source`: always right when true; when false, only the parser knows."""
    tables = _tables(dialect)
    letters = "".join(map(_kind_of, tables.token.finditer(source))).translate(_DOUBLES)
    if "X" in letters:
        return False
    if "A" in letters:
        letters = tables.array.sub("l", letters)
    for _ in range(MAX_DEPTH - _ARRAY_LEVELS):
        letters, count = tables.bracket.subn("p", letters)
        if not count:
            return tables.method.fullmatch(letters) is not None
    return False


class _Tables(NamedTuple):
    """The compiled rules of one dialect."""

    token: re.Pattern[str]
    array: re.Pattern[str]
    bracket: re.Pattern[str]
    method: re.Pattern[str]


@cache
def _tables(dialect: Dialect) -> _Tables:
    expression = _expression(dialect)
    statements = _statements(dialect, expression)
    temporaries = "(?:vn*+v|q)?+" if dialect.empty_bars else "(?:vn*+v)?+"
    pattern = f"(?:n|{_operator(dialect)}n|(?:kn)++)"
    argument = "(?:m?D|l|n)" if dialect.pragma_names else "(?:m?D|l)"
    pragmas = f"(?:w(?:n|(?:k{argument})++)x)*+"
    parenthesis = f"O{expression}P"
    block = _block(dialect, temporaries, statements)
    return _Tables(
        token=re.compile(_token(dialect)),
        array=re.compile(_array(dialect)),
        bracket=re.compile(f"{parenthesis}|{block}|{_brace(dialect, expression)}"),
        method=re.compile(pattern + pragmas + temporaries + pragmas + statements),
    )


# -- letters


def _token(dialect: Dialect) -> str:
    number = numbers(dialect)
    letters = {
        "a": dialect.assign,
        "t": path(dialect),
        "k": rf"{dialect.identifier}:(?![=:])" if dialect.double_colon else rf"{dialect.identifier}:(?!=)",
        "n": dialect.identifier,
        **{"d": r"\.", "O": r"\(", "P": r"\)", "B": r"\[", "E": r"\]", "L": r"\{", "R": r"\}", "s": ";"},
        "H": "::" if dialect.double_colon else NOTHING,
        "o": ":",
        "r": dialect.returns,
        "c": dialect.comment,
        "l": STRING,
        **_number_letters(dialect, number),
        "Y": rf"#\[(?:{_BLANKS}{_BYTE})*+{_BLANKS}\]" if dialect.byte_arrays else NOTHING,
        "A": r"#\(",
        "J": r"#[\[{]|##\(",
        "S": f"{hashes(dialect)}(?:{bare_symbol(dialect)}|{STRING})",
        "C": dialect.character,
        **_operator_letters(dialect),
        "X": r"[\s\S]",
        "e": r"\Z",
    }
    kinds = [f"(?P<{letter}>{rule})" for letter, rule in letters.items() if rule != NOTHING]
    return f"{dialect.blank}*+(?:{'|'.join(kinds)})"


def _number_letters(dialect: Dialect, number: dict[str, str]) -> dict[str, str]:
    # Digits must suit the radix: the two usual ones are known here, the others are for the parser to look at.
    usual = "16r[0-9A-F]+" if dialect.operator_takes_minus else "(?:16r[0-9A-F]+|2r[01]+)"
    plain = [number[kind] for kind in ("scaled", "float", "integer") if number[kind] != NOTHING]
    return {
        "D": rf"{usual}(?![0-9A-Za-z_]|\.[0-9A-Z])",
        "I": "|".join(number[kind] for kind in ("radix", "unfinished") if number[kind] != NOTHING),
        "G": "|".join(plain),
    }


def _operator_letters(dialect: Dialect) -> dict[str, str]:
    # What follows an operator that is complete: no other operator, but a number's sign may.
    over = f"(?![{dialect.operators}])" if dialect.operator_takes_minus else f"(?!(?!-[0-9])[{dialect.operators}])"
    minus = "-" if dialect.detached_minus else "-(?=[0-9])"
    return {
        "q": rf"\|\|{over}",
        "v": rf"\|{over}",
        "w": f"<{over}",
        "x": f">{over}",
        "m": f"{minus}{over}",
        "b": operator(dialect),
    }


# -- the grammar over letters


def _array(dialect: Dialect) -> str:
    """A literal array with everything in it."""
    plain = "m?D|l" if not dialect.bare_words else "[lDnktbmvwxq]"
    if dialect.strays:
        plain = "[lDnktbmvwxqsdoraBELR]"
    nested = f"[AO](?:{plain})*+P"
    for _ in range(_ARRAY_LEVELS - 2):
        nested = f"[AO](?:{plain}|{nested})*+P"
    return f"A(?:{plain}|{nested})*+P"


def _operator(dialect: Dialect) -> str:
    return "[bmvwxqr]" if dialect.caret_sends else "[bmvwxq]"


def _expression(dialect: Dialect) -> str:
    word = "[nt]" if dialect.path_selectors else "n"
    primary = "(?:m?D|[ltnp])"
    unary = f"{primary}{word}*+"
    binary_message = f"{_operator(dialect)}{unary}"
    binary = f"{unary}(?:{binary_message})*+"
    # At least one message: a cascade needs one.
    messages = f"(?=[ntkbmvwxqr]){word}*+(?:{binary_message})*+(?:k{binary})*+"
    message = messages if dialect.cascade_goes_on else f"(?:{word}|{binary_message}|(?:k{binary})++)"
    return f"(?:[nt]a)*+{primary}(?:{messages}(?:s{message})*+)?+"


def _statements(dialect: Dialect, expression: str) -> str:
    leading, between = ("d*+", "d++") if dialect.empty_statements else ("", "d")
    if dialect.unreachable:
        return f"{leading}(?:r?+{expression}{between})*+(?:r?+{expression})?+"
    trailing = "d*+" if dialect.periods_after_return else "d?+"
    return f"{leading}(?:{expression}{between})*+(?:r?+{expression}{trailing})?+"


def _block(dialect: Dialect, temporaries: str, statements: str) -> str:
    bare = "|(?=E)" if dialect.bare_parameters else ""
    if not dialect.block_temporaries:
        return f"B(?:(?:on)++(?:v{bare}))?+{statements}E"
    return f"B(?:(?:on)++(?:v{temporaries}|qn*+v{bare})|{temporaries}){statements}E"


def _brace(dialect: Dialect, expression: str) -> str:
    if not dialect.braces:
        return NOTHING
    leading, between = ("d*+", "d++") if dialect.empty_elements else ("", "d")
    return f"L{leading}(?:{expression}{between})*+(?:{expression})?+R"
