"""The selector of a method, from its first tokens alone: whatever dialect the rest of it speaks."""

from llmlab.smalltalk.lexer import Token, scan


def selector_of(source: str) -> str | None:
    """The selector that `source` starts with; None when it does not start with a method pattern."""
    tokens = (each for each in scan(source) if each.kind != "comment")
    first = next(tokens, None)
    if first is None:
        return None
    if first.kind == "name":
        return first.text
    if first.kind == "binary" or first.text == "^":
        argument = next(tokens, None)
        return first.text if argument is not None and argument.kind == "name" else None
    parts: list[str] = []
    token: Token | None = first
    while token is not None and token.kind == "keyword":
        argument = next(tokens, None)
        if argument is None or argument.kind != "name":
            return None
        parts.append(token.text)
        token = next(tokens, None)
    return "".join(parts) or None
