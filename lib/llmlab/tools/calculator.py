"""Sums for a model: a grammar of numbers and six operators, read by hand; nothing is ever evaluated by Python.

    sum     = product (("+" | "-") product)*
    product = signed (("*" | "/" | "//" | "%") signed)*
    signed  = ("-" | "+") signed | power
    power   = operand ("**" signed)?
    operand = digits | digits "." digits | "(" sum ")"

Precedence is Python's: `-2**2` is -4, `2**-1` is 0.5. Numbers are exact fractions, so 0.1 + 0.2 is 0.3. Text, names,
attributes, calls, other digits than 0 to 9 do not exist in the grammar, so there is nothing to escape through. Size is
bounded before each operation: no number has more than `MOST_BITS` bits above or below the line, so that a tower of
powers is refused and not begun. With at most `MOST_CHARACTERS` characters, hence operations, time is bounded as well.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar

from llmlab.tools.base import ToolError, ToolName

MOST_CHARACTERS = 200
MOST_BITS = 1024
MOST_DEPTH = 30
_DIGITS_SHOWN = 12
_TOKEN = re.compile(r"[0-9]+(?:\.[0-9]+)?|\*\*|//|[-+*/%()]")

Binary = Callable[[Fraction, Fraction], Fraction]


class Calculator:
    """See `base.Tool`."""

    name: ClassVar[ToolName] = "calc"

    def run(self, argument: str) -> str:
        """The value of an expression, as a whole number or a decimal of at most twelve digits."""
        return written(value_of(argument))


def value_of(expression: str) -> Fraction:
    """The exact value.

    Raises:
        ToolError: the expression is none, or is too long, too deep, or leads to a number that is too large.
    """
    if len(expression) > MOST_CHARACTERS:
        raise ToolError(f"an expression of more than {MOST_CHARACTERS} characters")
    return _Reader(expression).whole()


def written(value: Fraction) -> str:
    """A whole number in full; any other as a decimal, rounded to twelve digits that count."""
    if value.denominator == 1:
        return str(value.numerator)
    # By whole numbers alone: floats end at 1e308.
    sign, size = "-" if value < 0 else "", abs(value)
    whole = size.numerator // size.denominator
    # A number below 1 has noughts behind the point, which do not count.
    places = _DIGITS_SHOWN - (len(str(whole)) if whole else 1 - len(str(size.denominator // size.numerator)))
    if places <= 0:
        return f"{sign}{round(size)}"
    digits = str(round(size * 10**places)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".")


class _Reader:
    """One expression, read from left to right; every number that it makes is checked for its size."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Fraction:
        value = self._sum()
        if self._next():
            raise ToolError(f"{self._next()} where the expression should end")
        return value

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._next()
        self._at += 1
        return token

    def _sum(self) -> Fraction:
        value = self._product()
        while self._next() in _SUMS:
            value = _small(_SUMS[self._take()](value, self._product()))
        return value

    def _product(self) -> Fraction:
        value = self._signed()
        while self._next() in _PRODUCTS:
            value = _small(_PRODUCTS[self._take()](value, self._signed()))
        return value

    def _signed(self) -> Fraction:
        """All that recurses comes through here, so depth is counted here."""
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise ToolError(f"an expression nested more than {MOST_DEPTH} deep")
        sign = self._take() if self._next() in ("-", "+") else ""
        value = self._signed() if sign else self._power()
        self._depth -= 1
        return -value if sign == "-" else value

    def _power(self) -> Fraction:
        base = self._operand()
        if self._next() != "**":
            return base
        self._take()
        return _small(_raised(base, self._signed()))

    def _operand(self) -> Fraction:
        token = self._take()
        if token == "(":
            value = self._sum()
            if self._take() != ")":
                raise ToolError("a bracket that is not closed")
            return value
        if not token or not token[0].isdigit():
            raise ToolError(f"{token} where a number should be" if token else "the expression ends too early")
        return _small(Fraction(token))


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match:
            found.append(match.group())
            place = match.end()
        elif text[place] == " ":
            place += 1
        else:
            raise ToolError(f"{text[place]!a} is no part of an expression")
    return found


def _small(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
        raise ToolError("a number that is too large")
    return value


def _divided(a: Fraction, b: Fraction) -> Fraction:
    if not b:
        raise ToolError("a division by zero")
    return a / b


def _raised(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise ToolError("a power that is not whole")
    if not base and exponent < 0:
        raise ToolError("a division by zero")
    # Before anything is multiplied: a number of b bits to the power n has more than (b - 1) n of them.
    bits = max(abs(base.numerator), base.denominator).bit_length()
    if (bits - 1) * abs(exponent.numerator) > MOST_BITS:
        raise ToolError("a number that is too large")
    return Fraction(base**exponent.numerator)


_SUMS: dict[str, Binary] = {"+": lambda a, b: a + b, "-": lambda a, b: a - b}
_PRODUCTS: dict[str, Binary] = {
    "*": lambda a, b: a * b,
    "/": _divided,
    "//": lambda a, b: Fraction(_divided(a, b).__floor__()),
    "%": lambda a, b: a - b * _divided(a, b).__floor__(),
}
