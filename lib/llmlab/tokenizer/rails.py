"""Ruby on Rails: Ruby code and ERB templates.

What the tokens mean, beside words and their parts:

- *Echoes* (`echoes`): a line told by an earlier one of the same file, as tests, migrations and routes repeat theirs.
- *Indentation* by what changed since the line before: as deep, one step deeper, some steps back. So the end of a block,
  a blank line and the next `def` are the same at any depth, and `end` lines with what is between them are one piece.
- *Words* of names with the sign that joins them: `_id`, `:name`, `.each`, `@order`; `validates_presence_of` is three.
- *ERB's* delimiters, HTML tags with their bracket, numbers in groups of up to three digits.

Merges may cross pieces, and the ends of lines: `\\n  end\\n\\n  def ` is one token.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from llmlab.tokenizer.domain import MARKS, Domain, Segment
from llmlab.tokenizer.echoes import Signs, read_echoes, write_echoes

_SIGNS = Signs(MARKS[:4])
_SAME, _DEEPER, _BACK = MARKS[4:7]
_STEP = 2
# Tokens know code better than logs: `end` with its line is one, and no sign should take its place.
_LEAST = 2.0
_INDENTED = re.compile(rf"\n( *)(?=[^ \r\n{_SAME}{_DEEPER}{_BACK}])")
_MARKED = re.compile(rf"\n(?:({_SAME}|{_DEEPER}|{_BACK}+)|( *)(?=[^ \r\n{_SAME}{_DEEPER}{_BACK}]))")

_DEPTH = f"[{_SAME}{_DEEPER}{_BACK}]"
_CLOSING = r"end|[)}\]]+|<%-? ?(?:end|\}) ?-?%>|</[a-z0-9]+>"
_PART = re.compile(
    rf"(?P<echo>{_SIGNS.one.pattern})"
    rf"|(?P<line>(?:\r?\n{_DEPTH}*(?:{_CLOSING})?(?=\r?\n))*\r?\n(?:{_DEPTH}+|[ \t]*))"
    r"|(?P<erb> ?<%(?:==|[=#%-])?| ?-?%>)"
    r"|(?P<tag> ?</?[a-z][a-z0-9]*(?:-[a-z0-9]+)*>?)"
    r"|(?P<name>[ .:_@]?(?:[A-Z]?[a-z]+|[A-Z]+(?![a-z])))"
    r"|(?P<number> ?[0-9]{1,3})"
    rf"|(?P<other>[^\x00-\x7f{''.join(MARKS)}]+|[ \t]+(?=[ \t])| ?(?:(?!-?%>|<[%/a-z])[!-/:-@\[-`{{-~])+|[\s\S])"
)


class RailsDomain(Domain):
    """See the head of the file."""

    kind: ClassVar[str] = "rails"
    crossing: ClassVar[frozenset[str]] = frozenset({"echo", "line", "erb", "tag", "name", "number", "other"})
    whole: ClassVar[frozenset[str]] = frozenset({"echo", "line"})

    def segments(self, text: str) -> Iterator[Segment]:
        """See `Domain.segments`."""
        for part in _PART.finditer(text):
            yield part[0], str(part.lastgroup)

    def rewrite(self, text: str) -> str:
        """See `Domain.rewrite`."""
        return write_echoes(_mark_depth(text), _SIGNS, _LEAST)

    def restore(self, text: str) -> str:
        """See `Domain.restore`."""
        return _spell_depth(read_echoes(text, _SIGNS))


def _mark_depth(text: str) -> str:
    """Behind each line end, a mark in place of the blanks; they stay where no mark says what they are."""
    depth = 0

    def mark(found: re.Match[str]) -> str:
        nonlocal depth
        change = len(found[1]) - depth
        depth += change
        if change in (0, _STEP):
            return "\n" + (_DEEPER if change else _SAME)
        return found[0] if change > 0 or change % _STEP else "\n" + _BACK * (-change // _STEP)

    return _INDENTED.sub(mark, text)


def _spell_depth(text: str) -> str:
    depth = 0

    def spell(found: re.Match[str]) -> str:
        nonlocal depth
        if found[1] is None:
            depth = len(found[2])
        elif found[1] == _DEEPER:
            depth += _STEP
        elif found[1] != _SAME:
            depth = max(0, depth - _STEP * len(found[1]))
        return "\n" + " " * depth

    return _MARKED.sub(spell, text)
