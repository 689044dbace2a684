"""Error logs and stack traces: numbers of fixed size, and what earlier lines say already.

What the tokens mean, beside words and their parts:

- *Echoes* (`echoes`): a line told by an earlier one, field by field; a repeated frame or line is a sign and no more.
- *Frames*: `(TestCase.java:` is one sign where the class before it is `TestCase`: a frame spells its class once.
- *Numbers* in groups of up to three digits, with the `.` `:` `-` `,` `/` or `_` that joins them to a number before, so
  that a time of day is `15` `:42` `:50`, an address `10` `.251` `.73` `.220`. No merge reaches into a number or out of
  it, for those of one system say nothing about another's. Line numbers of frames are the exception: libraries recur.
- *Hexadecimal*: addresses, hashes and UUIDs byte by byte, two digits a token.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from llmlab.tokenizer.domain import MARKS, Domain, Segment
from llmlab.tokenizer.echoes import HEXADECIMAL, Signs, read_echoes, write_echoes

_SIGNS = Signs(MARKS[:4])
_FILE = MARKS[4]

# In Java, Kotlin and Scala a frame is `at package.Class$Inner.method(Class.java:12)`. The class must not begin within
# a name, or else the reader, who looks for it from the left, would find a longer one.
_FRAME = re.compile(r"(?<![\w$])([A-Za-z_]\w*)((?:\$[\w$]*)?\.[\w$<>]+)\(\1\.java:", re.ASCII)
_SHORT = re.compile(rf"(?<![\w$])([A-Za-z_]\w*)((?:\$[\w$]*)?\.[\w$<>]+){_FILE}", re.ASCII)

_PART = re.compile(
    rf"(?P<echo>{_SIGNS.one.pattern})"
    rf"|(?P<frame>{_FILE}[0-9]*\)?)"
    r"|(?P<line>\r?\n[ \t]*)"
    rf"|(?P<hex>{HEXADECIMAL})"
    r"|(?P<radix>0[xX](?=[0-9A-Fa-f]))"
    r"|(?P<number>(?:(?<=[0-9])[.:,/_-](?=[0-9]))?[0-9]{1,3})"
    r"|(?P<word>[ ._/$:=(-]?[A-Za-z]+(?:[0-9]{1,2}[A-Za-z]+)*)"
    r"|(?P<blank>[ \t]+)"
    rf"|(?P<other>[^\x00-\x7f{''.join(MARKS)}]+| ?[!-/:-@\[-`{{-~]+|[\s\S])"
)
_PAIR = re.compile(r"-?[\s\S]{1,2}")


class LogsDomain(Domain):
    """See the head of the file."""

    kind: ClassVar[str] = "logs"
    crossing: ClassVar[frozenset[str]] = frozenset({"echo", "frame", "line", "radix", "word", "blank", "other"})
    opening: ClassVar[frozenset[str]] = frozenset({"line"})
    whole: ClassVar[frozenset[str]] = frozenset({"echo", "number", "hex"})

    def segments(self, text: str) -> Iterator[Segment]:
        """See `Domain.segments`."""
        for part in _PART.finditer(text):
            context = str(part.lastgroup)
            if context == "hex":
                yield from ((pair, context) for pair in _PAIR.findall(part[0]))
            else:
                yield part[0], context

    def rewrite(self, text: str) -> str:
        """See `Domain.rewrite`."""
        return write_echoes(_FRAME.sub(rf"\1\2{_FILE}", text), _SIGNS)

    def restore(self, text: str) -> str:
        """See `Domain.restore`."""
        return _SHORT.sub(r"\1\2(\1.java:", read_echoes(text, _SIGNS))
