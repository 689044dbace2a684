"""Literals, read from the tokens of one source: the lower half of the parser."""

from collections.abc import Callable

from llmlab.smalltalk.lexer import SmalltalkSyntaxError, Token, syntax_error, tokenize, unquoted
from llmlab.smalltalk.nodes import (
    ByteArray,
    Character,
    Constant,
    Literal,
    LiteralArray,
    Number,
    String,
    Symbol,
    Variable,
)

# Python allows a thousand frames in all, the caller's included. A block inside a cascade's argument costs seven
# to parse and ten to print; real methods nest twenty deep at the very most.
MAX_DEPTH = 60

CONSTANTS = frozenset({"true", "false", "nil"})
_NUMBERS = frozenset({"integer", "float", "scaled"})


class LiteralReader:
    """One pass over the tokens of one source; `token` is the next one, `last` the end of the one before."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokenize(source)
        self.tokens.append(Token("end", "", len(source), len(source)))
        self.index = 0
        self.token = self.tokens[0]
        self.last = 0
        self.depth = 0

    # -- tokens

    def _advance(self) -> Token:
        token = self.token
        self.last = token.end
        self.index += 1
        self.token = self.tokens[self.index]
        return token

    def _expected(self, what: str) -> SmalltalkSyntaxError:
        return syntax_error(self.source, self.token.start, what)

    def _name(self, what: str) -> Variable:
        if self.token.kind != "name":
            raise self._expected(what)
        token = self._advance()
        return Variable(token.text, start=token.start, stop=token.end)

    def _take_mark(self, mark: str) -> bool:
        """Take `mark`, alone or split off a longer operator: `||` after block parameters, `><` between pragmas."""
        token = self.token
        if token.kind != "binary" or token.text[0] != mark:
            return False
        if len(token.text) > 1:
            middle = token.start + 1
            self.tokens[self.index : self.index + 1] = [
                Token("binary", mark, token.start, middle),
                Token("binary", token.text[1:], middle, token.end),
            ]
        self._advance()
        return True

    def _open(self) -> Token:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._expected(f"at most {MAX_DEPTH} levels of nesting")
        return self._advance()

    def _close(self, text: str, what: str) -> None:
        if self.token.text != text:
            raise self._expected(what)
        self._advance()
        self.depth -= 1

    # -- single literals

    def _number(self) -> Number:
        token = self._advance()
        return Number(token.kind, token.text, start=token.start, stop=token.end)

    def _negative(self) -> Number:
        sign = self.token
        if sign.text != "-" or self.tokens[self.index + 1].kind not in _NUMBERS:
            raise self._expected("an operand")
        self._advance()
        token = self._advance()
        return Number(token.kind, "-" + token.text, start=sign.start, stop=token.end)

    def _character(self) -> Character:
        token = self._advance()
        return Character(token.text[1], start=token.start, stop=token.end)

    def _string(self) -> String:
        token = self._advance()
        return String(unquoted(token.text), start=token.start, stop=token.end)

    def _symbol(self) -> Symbol:
        token = self._advance()
        text = token.text.lstrip("#")
        value = unquoted(text) if text[0] == "'" else text
        return Symbol(value, start=token.start, stop=token.end)

    # -- literal arrays

    def _array(self) -> LiteralArray | ByteArray:
        return self._literal_array() if self.token.text[-1] == "(" else self._byte_array()

    def _literal_array(self) -> LiteralArray:
        start = self._open().start
        elements: list[Literal] = []
        while self.token.text not in (")", ""):
            elements.append(self._element())
        self._close(")", "a closing parenthesis for the literal array")
        return LiteralArray(tuple(elements), start=start, stop=self.last)

    def _byte_array(self) -> ByteArray:
        start = self._open().start
        elements: list[Number] = []
        while self.token.kind == "integer":
            if not _is_byte(self.token.text):
                raise self._expected("a byte from 0 to 255")
            elements.append(self._number())
        self._close("]", "a byte from 0 to 255 or the bracket that closes the byte array")
        return ByteArray(tuple(elements), start=start, stop=self.last)

    def _element(self) -> Literal:
        token = self.token
        read = _ELEMENTS.get(token.kind) or _ELEMENTS.get(token.text)
        if read is None:
            raise self._expected("a literal")
        return read(self)

    def _bare_word(self) -> Symbol | Constant:
        token = self._advance()
        if token.text in CONSTANTS:
            return Constant(token.text, start=token.start, stop=token.end)
        text = token.text
        # `at:put:` is one symbol, but the lexer sees two keywords.
        while text[-1] == ":" and self.token.kind in ("keyword", "name") and self.token.start == self.last:
            text += self._advance().text
        return Symbol(text, start=token.start, stop=self.last)

    def _bare_operator(self) -> Symbol | Number:
        following = self.tokens[self.index + 1]
        if self.token.text == "-" and following.start == self.token.end and following.kind in _NUMBERS:
            return self._negative()
        return self._stray()

    def _stray(self) -> Symbol:
        token = self._advance()
        return Symbol(token.text, start=token.start, stop=token.end)


# Bounded before conversion: int() refuses texts of thousands of digits with an error of its own.
def _is_byte(text: str) -> bool:
    if len(text) > 16 or "e" in text or "-" in text:
        return False
    radix, mark, digits = text.partition("r")
    value = int(digits, int(radix)) if mark else int(text) if text.isdigit() else 256
    return value <= 255


# Looked up by a token's kind, then by its text; no text of a token that gets here equals a kind.
LITERALS: dict[str, Callable[[LiteralReader], Literal]] = {
    "integer": LiteralReader._number,
    "float": LiteralReader._number,
    "scaled": LiteralReader._number,
    "character": LiteralReader._character,
    "string": LiteralReader._string,
    "symbol": LiteralReader._symbol,
    "array": LiteralReader._array,
}
_ELEMENTS: dict[str, Callable[[LiteralReader], Literal]] = {
    **LITERALS,
    "name": LiteralReader._bare_word,
    "keyword": LiteralReader._bare_word,
    "binary": LiteralReader._bare_operator,
    # Pharo makes symbols of these too; Roassal has a list of shapes with a bare `^`.
    "caret": LiteralReader._stray,
    "(": LiteralReader._literal_array,
    "[": LiteralReader._byte_array,
    ";": LiteralReader._stray,
    ".": LiteralReader._stray,
}
