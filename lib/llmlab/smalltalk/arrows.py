"""Old spellings to new ones: `_` and `←` for assignment, `↑` for return, as the first systems drew them.

And ST/X's comments that end with their line, which no other system would know from the start of a string.
"""

from llmlab.smalltalk.dialects import DIALECTS
from llmlab.smalltalk.lexer import Token, scan

# Systems whose compilers take a lone `_` for the assignment; elsewhere it is a name like any other.
ARROW_DIALECTS = frozenset({"st80", "squeak", "cuis", "gemstone", "gnu", "stx", "unknown"})
_SIGNS = {"\u2190": ":=", "\u2191": "^"}
_VALUES = frozenset({"integer", "float", "scaled", "string", "symbol", "character", "array"})


def modern_spelling(source: str, dialect: str) -> str:
    """`source` with `:=` for every arrow and lone underscore that assigns, and `^` for the upward arrow.

    Only tokens change, never strings or names, nor comments but for ST/X's; st80 also glues the underscore to the
    name before it (`runs_ x`, `Key_$a`). Source without old spellings comes back as it is.
    """
    if dialect == "stx":
        source = _closed_comments(source)
    if dialect not in ARROW_DIALECTS or not any(sign in source for sign in ("_", *_SIGNS)):
        return source
    tokens = [each for each in scan(source) if each.kind != "comment"]
    pieces: list[str] = []
    done = depth = 0
    for index, token in enumerate(tokens):
        # In a literal array every word is a symbol.
        depth += token.text == "#(" or (depth > 0 and token.text == "(")
        depth -= depth > 0 and token.text == ")"
        new = None if depth else _modern(tokens, index, dialect)
        if new is not None:
            pieces += [source[done : token.start], new]
            done = token.end
    return "".join([*pieces, source[done:]])


def _closed_comments(source: str) -> str:
    """`source` with a quote at the end of every comment that ends with its line."""
    pieces: list[str] = []
    done = 0
    for token in scan(source, DIALECTS["stx"]):
        if token.kind == "comment" and token.text.startswith('"/'):
            inside = token.text[1:].rstrip().removesuffix('"').replace('"', "'")
            pieces += [source[done : token.start], f'"{inside}"']
            done = token.end
    return "".join([*pieces, source[done:]])


def _modern(tokens: list[Token], index: int, dialect: str) -> str | None:
    """What to write instead of a token; None to keep it."""
    token = tokens[index]
    if token.text in _SIGNS:
        return _SIGNS[token.text]
    if token.kind != "name" or not token.text.endswith("_"):
        return None
    before = tokens[index - 1] if index else None
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    if token.text == "_":
        # A target stands before it, so a block's `:_` and a keyword's `at: _` stay names.
        assigns = before is not None and before.kind == "name" and _starts_value(after)
        return ":=" if assigns else None
    glued = dialect == "st80" and _starts_value(after) and token.text.strip("_") != ""
    return f"{token.text[:-1]} :=" if glued else None


def _starts_value(token: Token | None) -> bool:
    """Whether an expression may start with `token`."""
    if token is None:
        return False
    return token.kind in _VALUES or token.kind == "name" or token.text in ("(", "[", "{", "-")
