"""Rules for code: what a program wrote, what is mostly data, and accessors, of which a class may have hundreds.

That code parses is seen to when it is read (`code`), class by class and method by method.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from llmlab.artifacts.documents import Document, document_id, make_document
from llmlab.corpus.grammar import grammar_of
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.smalltalk.lexer import scan
from llmlab.smalltalk.measure import code_tokens
from llmlab.smalltalk.records import MethodRecord
from llmlab.smalltalk.rendering import iter_rendered_methods, parse_rendered, render_class

Share = Annotated[float, Field(ge=0, le=1)]

_GENERATED = re.compile(
    r"(?:auto(?:matically)?[ -]?|machine[ -])generated|\bgenerated (?:by|from|code|automatically|file)\b|"
    r"\bdo not (?:edit|modify)\b|<generated|自动生成|请勿(?:修改|编辑)",
    re.IGNORECASE,
)
_GENERATED_CHARS = 1000
_LITERALS = frozenset(("string", "symbol", "integer", "radix", "scaled", "float", "character"))
_OPENING, _CLOSING = frozenset(("#(", "#[", "(", "[", "{")), frozenset((")", "]", "}"))


@dataclass(frozen=True, kw_only=True)
class CodeRules:
    """Where the rules for code draw their lines."""

    generated: bool = True
    """Drop code that says in its first thousand characters that a program wrote it (Codex: Chen et al. 2021, arXiv
    2107.03374, section 3.1, which names no words; these are our own)."""
    max_mean_line: Annotated[float, Field(gt=0)] = 100
    """Greatest mean length of a line in characters (Codex, as above: 100)."""
    max_line: Annotated[int, Field(gt=0)] = 1000
    """Longest line in characters (Codex, as above: 1000)."""
    min_alphanumeric: Share = 0.25
    """Letters and digits among characters (The Stack: Kocetkov et al. 2022, arXiv 2211.15533: 0.25)."""
    max_literal_share: Share = 0.7
    """Characters of literals among those of a Smalltalk method's tokens, in methods of `literal_chars` or more: fonts,
    images and tables are written as methods. Our own, by looking: code with long messages to people reaches 0.6."""
    literal_chars: Annotated[int, Field(ge=0)] = 400
    """Characters of a method from which on its share of literals is looked at."""
    max_accessors: Annotated[int, Field(ge=0)] = 24
    """Accessors of a class that stay, in their order: methods that only answer or set a variable. Our own; they are
    real code that a model should know, but a class of a hundred says one thing a hundred times."""


def find_code_fault(text: str, rules: CodeRules) -> str | None:
    """The first thing wrong with a text as code, or None."""
    if rules.generated and _GENERATED.search(text[:_GENERATED_CHARS]):
        return "generated code"
    lines = text.split("\n")
    if max(map(len, lines)) > rules.max_line or sum(map(len, lines)) > rules.max_mean_line * len(lines):
        return "long lines"
    return "few letters" if sum(map(str.isalnum, text)) < rules.min_alphanumeric * len(text) else None


def trim_class(document: Document, rules: CodeRules) -> Iterator[Kept | Dropped]:
    """A rendered Smalltalk class without its methods of data and its accessors over the cap, which come as fragments.

    A class that loses nothing is kept as it is, to the byte; one that loses all its methods is dropped.
    """
    reasons = _faults(list(iter_rendered_methods(document.text)), rules)
    if not reasons:
        yield Kept(document)
        return
    yield from (Dropped(_fragment(document, method), "clean", reason, fragment=True) for method, reason in reasons)
    parse = grammar_of(document)
    record = parse_rendered(document.text, parse)
    faulty = {method for method, _ in reasons}
    methods = tuple(method for method in record.methods if method not in faulty)
    if not methods and not record.comment:
        yield Dropped(document, "clean", "nothing but data and accessors")
        return
    text = render_class(replace(record, methods=methods), parse)
    yield Kept(replace(document, text=text, id=document_id(document.lang, text)))


def _faults(methods: list[MethodRecord], rules: CodeRules) -> list[tuple[MethodRecord, str]]:
    found, accessors = [], 0
    for method in methods:
        if len(method.source) >= rules.literal_chars and literal_share(method.source) > rules.max_literal_share:
            found.append((method, "mostly literals"))
        elif is_accessor(method.source):
            accessors += 1
            if accessors > rules.max_accessors:
                found.append((method, "accessor over the cap"))
    return found


def literal_share(source: str) -> float:
    """Characters of literals among the characters of all tokens but comments; what stands in `#( )` is literal too."""
    literal = total = depth = 0
    for token in scan(source):
        if token.kind == "comment":
            continue
        total += len(token.text)
        if token.kind == "array" or depth:
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
            literal += len(token.text)
        elif token.kind in _LITERALS:
            literal += len(token.text)
    return literal / total if total else 0.0


def is_accessor(source: str) -> bool:
    """Whether a method only answers a variable (`x ^x`) or only sets one (`x: n x := n`)."""
    # Anything much longer is none; cutting it into tokens would be for nothing.
    if len(source) > 400:
        return False
    match [token for token in code_tokens(source) if token != "."]:
        case [selector, "^", variable]:
            return (
                selector.isidentifier() and variable.isidentifier() and variable not in ("self", "true", "false", "nil")
            )
        case [keyword, argument, variable, ":=", value]:
            return keyword.endswith(":") and argument == value and variable.isidentifier()
        case _:
            return False


def _fragment(document: Document, method: MethodRecord) -> Document:
    return make_document(
        lang=document.lang,
        kind="code",
        text=method.source,
        source=document.source,
        group=document.group,
        meta={"class": method.class_name, "side": method.side},
        path=document.path,
        url=document.url,
        license=document.license,
    )
