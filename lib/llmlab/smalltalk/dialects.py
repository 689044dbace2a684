"""What the dialects of Smalltalk disagree about, one row of switches each.

The rows follow the compilers themselves where their source is public (Pharo's RBParser, Squeak's Scanner and Parser,
GNU's gst-parse.c, Dolphin's compiler.cpp, Amber's parser.pegjs), and published sources of the dialect where it is not.
"""

from dataclasses import dataclass

_OPERATORS = r"-+*/\\~<>=@%&?,!|"
_UNICODE_NAME = r"[^\W\d]\w*"
_ASCII_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_RADIX = r"[0-9]+r-?[0-9A-Z]+(?:\.[0-9A-Z]+)?(?:e-?[0-9]+)?"


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One dialect; the defaults are the common grammar."""

    name: str
    """What the switch is called."""
    identifier: str = _UNICODE_NAME
    """A name, as a regular expression."""
    assign: str = ":="
    """The assignment, as a regular expression."""
    returns: str = r"\^"
    """The return mark, as a regular expression."""
    operators: str = _OPERATORS
    """The characters of binary operators, for use in a character class."""
    caret_sends: bool = False
    """Whether `2 ^ n` is a message, where a return cannot be."""
    longest_operator: int = 0
    """The most characters of one operator; 0: any number."""
    operator_takes_minus: bool = False
    """Whether `>-1` is the operator `>-` and 1, instead of `>` and -1."""
    blank: str = r"[ \t\r\n\f]"
    """One blank, as a regular expression."""
    comment: str = r'"[^"]*+(?:""[^"]*+)*+"'
    """A comment, as a regular expression."""
    character: str = r"\$[\s\S]"
    """A character literal, as a regular expression."""
    digits: str = r"[0-9]+"
    """A run of decimal digits, as a regular expression."""
    radix: str = _RADIX
    """A number with a radix, as a regular expression; its digits are checked against the radix afterwards."""
    unfinished: str = ""
    """A number whose digits are missing, as a regular expression; empty where `16r` is the message `r` to 16."""
    exponent_sign: str = "-"
    """The signs that an exponent may have."""
    scaled: bool = True
    """Whether `1.5s2` is one number, instead of the message `s2` to 1.5."""
    detached_minus: bool = True
    """Whether `- 5` is a number."""
    paths: str = ""
    """What joins the names of `Smalltalk.Foo` to one, as a regular expression; empty where nothing does."""
    path_symbols: bool = True
    """Whether `#Foo.Bar` is one symbol then."""
    path_selectors: bool = False
    """Whether a path may stand where a unary selector may."""
    double_hash: bool = False
    """Whether `##foo` is a symbol, and `##(1)` an array."""
    spaced_hash: bool = False
    """Whether blanks may follow `#`, and `#:` is a symbol."""
    symbol_splits: bool = False
    """Whether `#foo:bar` is the symbol `#foo:` and the word `bar`."""
    byte_arrays: bool = True
    """Whether there is `#[1 2]`."""
    loose_bytes: bool = False
    """Whether a byte array may hold other numbers and words."""
    expression_bytes: bool = False
    """Whether `#[a, b]` is an array of expressions, built when it is run."""
    bare_words: bool = True
    """Whether a word inside a literal array is a symbol."""
    bare_bytes: bool = True
    """Whether `[1 2]` inside a literal array is a byte array."""
    strays: frozenset[str] = frozenset()
    """The punctuation that is a symbol inside a literal array."""
    braces: bool = True
    """Whether there is `{a. b}`."""
    brace_returns: bool = False
    """Whether an element of `{a. b}` may be a return."""
    dictionaries: bool = False
    """Whether there is `#{'k' -> v}`."""
    bindings: bool = False
    """Whether there is `#{Foo.Bar}`."""
    binding_words: bool = False
    """Whether words may follow the name in `#{Foo.Bar class}`."""
    compile_time: bool = False
    """Whether there is `##(expression)`."""
    backticks: bool = False
    """Whether there is `` `expression` ``, computed when it is compiled."""
    double_colon: bool = False
    """Whether `::` sends what follows to everything before it."""
    cascade_goes_on: bool = False
    """Whether a cascade's part may have more than one message."""
    empty_statements: bool = False
    """Whether a period may follow a period."""
    periods_after_return: bool = False
    """Whether it may after a return as well."""
    empty_elements: bool = False
    """Whether it may in `{a. b}` and `#{'k' -> v}`."""
    unreachable: bool = False
    """Whether statements may follow a return."""
    block_temporaries: bool = True
    """Whether a block may declare variables of its own."""
    empty_bars: bool = True
    """Whether `||` declares no variables, and is not an operator, where a body starts."""
    bare_parameters: bool = True
    """Whether `[:a]` needs no bar."""
    glued_parameters: bool = False
    """Whether `[:a:b | a]` has two parameters, although `a:` is one token."""
    glued_pragmas: bool = True
    """Whether `><` or `>|` ends a pragma and starts what follows, instead of being an operator."""
    pragma_names: bool = True
    """Whether a pragma's argument may be a name."""
    primitive_names: bool = True
    """Whether that holds for `<primitive: 60 error: ec>`."""
    error_names: bool = False
    """Whether it holds there for what follows `error:` alone."""
    pragma_expressions: bool = False
    """Whether a pragma's argument may be an expression of unary and binary messages."""
    raw_statements: bool = False
    """Whether `<text>` may be a statement, with `>>` for a `>` in the text: the JavaScript of Amber before 2016."""
    foreign: frozenset[str] = frozenset()
    """The words after `<` whose pragma is no Smalltalk: it is raw text up to the next `>`."""


# What Squeak's scanner makes of punctuation in a literal array, and Pharo's parser with a warning.
_STRAYS = frozenset({".", ";", ":", ":=", "_", "←", "^", "↑", "[", "]", "{", "}"})
_FOREIGN = frozenset({"cdecl:", "apicall:", "stdcall:"})
_PROTECTED = frozenset({"protected", "unprotected"})

_ROWS = (
    Dialect(name="strict", identifier=_ASCII_NAME, braces=False),
    Dialect(
        name="pharo",
        detached_minus=False,
        glued_pragmas=False,
        operators=_OPERATORS + "·÷±×",
        unfinished=r"[0-9]+r(?!\w)",
        double_hash=True,
        bare_bytes=False,
        strays=_STRAYS,
        brace_returns=True,
        empty_statements=True,
        periods_after_return=True,
        empty_elements=True,
        pragma_names=False,
        unreachable=True,
    ),
    Dialect(
        name="squeak",
        detached_minus=False,
        glued_pragmas=False,
        pragma_names=False,
        error_names=True,
        assign=r":=|_(?![\w:])|←",
        returns=r"[\^↑]",
        unfinished=r"[0-9]+r(?!\w)",
        double_hash=True,
        bare_bytes=False,
        spaced_hash=True,
        strays=_STRAYS,
        empty_statements=True,
        foreign=_FOREIGN,
    ),
    Dialect(
        name="cuis",
        glued_pragmas=False,
        pragma_names=False,
        assign=r":=|_(?![\w:])|←",
        returns=r"[\^↑]",
        caret_sends=True,
        unfinished=r"[0-9]+r(?!\w)",
        double_hash=True,
        loose_bytes=True,
        bare_bytes=False,
        spaced_hash=True,
        strays=_STRAYS,
        backticks=True,
        double_colon=True,
        empty_statements=True,
        foreign=_FOREIGN,
    ),
    Dialect(
        name="gnu",
        empty_bars=False,
        glued_pragmas=False,
        path_symbols=False,
        # Subtle: `_` assigns wherever a name could start, so `a _b` gives a the value of b.
        identifier=r"[A-Za-z][A-Za-z0-9_$]*",
        assign=":=|_",
        operators=_OPERATORS.replace("!", ""),
        longest_operator=2,
        character=r"\$(?:<[ \t\r\n\f]*+[0-9]+(?:r[0-9A-Z]+)?[ \t\r\n\f]*+>|[\x00-\x7f])",
        digits=r"[0-9][0-9_]*",
        radix=r"[0-9]+r-?[0-9A-Z][0-9A-Z_]*(?:\.[0-9A-Z]+)?(?:e-?[0-9]+)?",
        unfinished="[0-9]+r",
        paths=r"\.|::",
        bare_words=False,
        bindings=True,
        compile_time=True,
        pragma_expressions=True,
    ),
    Dialect(
        name="dolphin",
        identifier=_ASCII_NAME,
        blank=r"[ \t\r\n\f\v]",
        character=r"\$(?:\\(?:[0abfnrtv]|x[0-9A-F]+)|[\s\S])",
        exponent_sign="+-",
        paths=r"\.",
        path_selectors=True,
        symbol_splits=True,
        brace_returns=True,
        bindings=True,
        binding_words=True,
        compile_time=True,
        cascade_goes_on=True,
        unreachable=True,
        bare_parameters=False,
        foreign=frozenset({"stdcall:", "cdecl:", "thiscall:", "fastcall:", "virtual", "overlap"}),
    ),
    Dialect(name="visualworks", paths=r"\.", bindings=True, foreign=frozenset({"C:"})),
    Dialect(
        name="gemstone",
        assign=r":=|_(?![\w:])",
        expression_bytes=True,
        glued_parameters=True,
        foreign=_PROTECTED,
    ),
    Dialect(
        name="amber",
        identifier=r"[A-Za-z][A-Za-z0-9]*",
        operators=_OPERATORS.replace("!", "").replace("?", ""),
        operator_takes_minus=True,
        blank=r"[ \t\r\n\f\v\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]",
        radix=r"16r[0-9A-Fa-f]+",
        scaled=False,
        detached_minus=False,
        symbol_splits=True,
        byte_arrays=False,
        bare_bytes=False,
        dictionaries=True,
        empty_statements=True,
        periods_after_return=True,
        empty_elements=True,
        bare_parameters=False,
        glued_parameters=True,
        pragma_names=False,
        primitive_names=False,
        raw_statements=True,
    ),
    Dialect(
        name="st80",
        # Subtle: names hold no `_` at all: `runs_ x` and `Key_$a` are assignments.
        identifier=r"[A-Za-z][A-Za-z0-9]*",
        assign=":=|_|←",
        returns=r"[\^↑]",
        spaced_hash=True,
        strays=_STRAYS,
        bare_bytes=False,
        byte_arrays=False,
        braces=False,
        empty_statements=True,
        block_temporaries=False,
    ),
    Dialect(
        name="stx",
        assign=r":=|_(?![\w:])",
        # A comment to the end of its line, and C between two signs of its own.
        comment=r'"/[^\r\n]*+|%\{(?:[^%]|%(?!\}))*+%\}|"[^"]*+(?:""[^"]*+)*+"',
        paths="::",
        path_symbols=False,
        unreachable=True,
        foreign=_FOREIGN,
    ),
    Dialect(
        name="vast",
        identifier=_ASCII_NAME,
        paths="::",
        path_symbols=False,
        double_hash=True,
        compile_time=True,
        empty_statements=True,
    ),
)
DIALECTS = {row.name: row for row in _ROWS}
PHARO = DIALECTS["pharo"]


def dialect_named(name: str) -> Dialect:
    """The dialect of that name; raises ValueError with the names there are."""
    found = DIALECTS.get(name)
    if found is None:
        raise ValueError(f"there is no dialect {name!r}, only {', '.join(DIALECTS)}")
    return found
