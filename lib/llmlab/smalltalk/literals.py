"""Literals, read from the tokens of one source: the lower half of the parser."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from llmlab.smalltalk.dialects import Dialect
from llmlab.smalltalk.lexer import Token, syntax_error, tokenize, unquoted
from llmlab.smalltalk.nodes import (
    Binding,
    Broken,
    ByteArray,
    Character,
    CompileTime,
    Constant,
    Literal,
    LiteralArray,
    LooseByteArray,
    Number,
    String,
    Symbol,
    Variable,
)

# Python allows a thousand frames in all, the caller's included. A block inside a cascade's argument costs seven
# to parse and ten to print; real methods nest twenty deep at the very most.
MAX_DEPTH = 60

CONSTANTS = frozenset({"true", "false", "nil"})
NUMBERS = frozenset({"integer", "float", "scaled"})
_LOOSE = NUMBERS | {"name"}
_BARE = frozenset({"name", "path", "keyword", "binary"})
# A stray is its own token: a string `';'` or a character has the text of none.
_STRAY_KINDS = frozenset({"punctuation", "assign", "caret"})


class LiteralReader(ABC):
    """One pass over the tokens of one source; `token` is the next one, `last` the end of the one before."""

    def __init__(self, source: str, dialect: Dialect) -> None:
        self.source = source
        self.dialect = dialect
        self.tokens = self._read_tokens()
        self.tokens.append(Token("end", "", len(source), len(source)))
        self.index = 0
        self.token = self.tokens[0]
        self.last = 0
        self.depth = 0

    def _read_tokens(self) -> list[Token]:
        return tokenize(self.source, dialect=self.dialect)

    # -- tokens

    def _advance(self) -> Token:
        token = self.token
        self.last = token.end
        self.index += 1
        self.token = self.tokens[self.index]
        return token

    def _fail(self, what: str) -> None:
        """Say that `what` should stand here. A tolerant reader takes note and goes on, so callers must be able to."""
        raise syntax_error(self.source, self.token.start, what)

    def _name(self, what: str) -> Variable:
        if self.token.kind != "name":
            self._fail(what)
            return Variable("", start=self.last, stop=self.last)
        token = self._advance()
        return Variable(token.text, start=token.start, stop=token.end)

    def _take_mark(self, mark: str) -> bool:
        """Take `mark`, alone or split off a longer operator: `||` after block parameters, `><` between pragmas."""
        token = self.token
        if token.kind != "binary" or token.text[0] != mark:
            return False
        if len(token.text) > 1:
            if mark == ">" and not self.dialect.glued_pragmas:
                return False
            self._split(1)
        self._advance()
        return True

    def _split(self, length: int) -> None:
        """Make two tokens of an operator."""
        token = self.token
        middle = token.start + length
        self.tokens[self.index : self.index + 1] = [
            Token("binary", token.text[:length], token.start, middle),
            Token("binary", token.text[length:], middle, token.end),
        ]
        self.token = self.tokens[self.index]

    def _open(self) -> Token:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise syntax_error(self.source, self.token.start, f"at most {MAX_DEPTH} levels of nesting")
        return self._advance()

    def _close(self, text: str, what: str) -> None:
        if self.token.text != text:
            self._fail(what)
        if self.token.text == text:
            self._advance()
        self.depth -= 1

    # -- single literals

    def _number(self) -> Number:
        token = self._advance()
        return Number(token.kind, token.text, start=token.start, stop=token.end)

    def _negative(self) -> Number | Broken:
        sign, token = self.token, self.tokens[self.index + 1]
        detached = token.start > sign.end
        if sign.text != "-" or token.kind not in NUMBERS or (detached and not self.dialect.detached_minus):
            return self._missing("an operand")
        self._advance()
        self._advance()
        return Number(token.kind, "-" + token.text, start=sign.start, stop=token.end)

    def _missing(self, what: str) -> Broken:
        self._fail(what)
        return Broken("", start=self.last, stop=self.last)

    def _character(self) -> Character:
        token = self._advance()
        return Character(token.text[1:], start=token.start, stop=token.end)

    def _string(self) -> String:
        token = self._advance()
        return String(unquoted(token.text), start=token.start, stop=token.end)

    def _symbol(self) -> Symbol:
        token = self._advance()
        text = token.text.lstrip("# \t\r\n\f")
        value = unquoted(text) if text[0] == "'" else text
        return Symbol(value, start=token.start, stop=token.end)

    # -- literal arrays

    def _array(self) -> LiteralArray | ByteArray | LooseByteArray:
        if self.token.text[-1] == "(":
            return self._literal_array()
        return self._loose_bytes() if self.dialect.loose_bytes else self._byte_array()

    def _literal_array(self) -> LiteralArray:
        start = self._open().start
        elements: list[Literal] = []
        while self.token.text not in (")", ""):
            read = self._element_reader()
            if read is None:
                self._fail("a literal or the parenthesis that closes the array")
                break
            elements.append(read(self))
        self._close(")", "a closing parenthesis for the literal array")
        return LiteralArray(tuple(elements), start=start, stop=self.last)

    def _byte_array(self) -> ByteArray:
        start = self._open().start
        elements: list[Number] = []
        while self.token.kind == "integer":
            if not is_byte(self.token.text):
                self._fail("a byte from 0 to 255")
            elements.append(self._number())
        self._close("]", "a byte from 0 to 255 or the bracket that closes the byte array")
        return ByteArray(tuple(elements), start=start, stop=self.last)

    def _loose_bytes(self) -> ByteArray | LooseByteArray:
        start = self._open().start
        elements: list[Number | Variable] = []
        while self.token.kind in _LOOSE or self.token.text == "-":
            if self.token.kind == "name":
                elements.append(self._name("a word"))
            elif self.token.text != "-":
                elements.append(self._number())
            elif isinstance(number := self._negative(), Number):
                elements.append(number)
            else:
                break
        self._close("]", "a number or the bracket that closes the array")
        numbers = tuple(each for each in elements if isinstance(each, Number))
        if len(numbers) == len(elements) and all(each.kind == "integer" and is_byte(each.text) for each in numbers):
            return ByteArray(numbers, start=start, stop=self.last)
        return LooseByteArray(tuple(elements), start=start, stop=self.last)

    def _element_reader(self) -> "Callable[[LiteralReader], Literal] | None":
        token, dialect = self.token, self.dialect
        if token.text in dialect.strays and token.kind in _STRAY_KINDS:
            return LiteralReader._stray
        if not dialect.bare_words and token.kind in _BARE and token.text not in CONSTANTS:
            return LiteralReader._signed if token.text == "-" else None
        if token.text == "[" and not dialect.bare_bytes:
            return None
        return _ELEMENTS.get(token.kind) or _ELEMENTS.get(token.text)

    def _binding(self) -> Binding:
        start = self._open().start
        if self.token.kind not in ("name", "path"):
            self._fail("a name in the binding")
            name = ""
        else:
            name = self._advance().text
            while self.dialect.binding_words and self.token.kind == "name":
                name += f" {self._advance().text}"
        self._close("}", "a closing brace after the name")
        return Binding(name, start=start, stop=self.last)

    def _opening(self) -> Literal:
        if self.token.text == "#{" and self.dialect.bindings:
            return self._binding()
        return self._compile_time()

    @abstractmethod
    def _compile_time(self) -> CompileTime:
        """`##(` and a statement: the parser knows how."""

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
        sign, token = self.token, self.tokens[self.index + 1]
        if sign.text == "-" and token.start == sign.end and token.kind in NUMBERS:
            self._advance()
            self._advance()
            return Number(token.kind, "-" + token.text, start=sign.start, stop=token.end)
        return self._stray()

    def _signed(self) -> Number | Symbol:
        number = self._negative()
        return number if isinstance(number, Number) else Symbol("", start=self.last, stop=self.last)

    def _stray(self) -> Symbol:
        token = self._advance()
        return Symbol(token.text, start=token.start, stop=token.end)


def is_byte(text: str) -> bool:
    """Whether an integer token is one from 0 to 255, without an exponent."""
    # Bounded before conversion: int() refuses texts of thousands of digits with an error of its own.
    if len(text) > 16 or set(text) & set("e-."):
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
    "opening": lambda reader: reader._opening(),
    "name": LiteralReader._bare_word,
    "path": LiteralReader._bare_word,
    "keyword": LiteralReader._bare_word,
    "binary": LiteralReader._bare_operator,
    "(": LiteralReader._literal_array,
    "[": LiteralReader._byte_array,
}
