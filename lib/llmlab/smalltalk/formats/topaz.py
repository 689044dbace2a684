"""GemStone's topaz scripts: `method: Foo` or `classmethod: Foo`, the source, and a line `%`."""

import re
from collections.abc import Iterator

from llmlab.smalltalk.formats.definitions import take_definitions
from llmlab.smalltalk.formats.reading import Gathering, Reading
from llmlab.smalltalk.lexer import unquoted
from llmlab.smalltalk.records import Side

_METHOD = re.compile(r"\s*(class)?method(?::\s*|\s+|\s*$)(['\w.]*)\s*", re.IGNORECASE)
_CATEGORY = re.compile(r"\s*category:?\s*('(?:[^']|'')*'|\S+)?\s*", re.IGNORECASE)
_DOIT = re.compile(r"\s*(?:doit|run|printit|send|nbrun)\b.*", re.IGNORECASE)
_CURRENT = re.compile(r"\s*set\s+class\s+(['\w.]+).*", re.IGNORECASE)

SIGN = re.compile(r"^[ \t]*(?:class)?method:[ \t]*['\w.]+[ \t]*$", re.MULTILINE | re.IGNORECASE)
END = re.compile(r"^%[ \t]*$", re.MULTILINE)


def read_topaz(text: str) -> Reading:
    """The classes of a topaz script; never raises."""
    gathering = Gathering()
    lines = iter(text.split("\n"))
    protocol = current = ""
    for line in lines:
        if match := _METHOD.fullmatch(line):
            name = match[2].strip("'") or current
            side: Side = "class" if match[1] else "instance"
            source = _block(lines, gathering)
            if name:
                gathering.add(name, side, protocol, source)
        elif match := _CATEGORY.fullmatch(line):
            word = match[1] or ""
            protocol = unquoted(word) if word[:1] == "'" else word
        elif match := _CURRENT.fullmatch(line):
            current = match[1].strip("'")
        elif _DOIT.fullmatch(line) and not take_definitions(_block(lines, gathering), gathering):
            gathering.skipped["do-it"] += 1
    return gathering.reading("topaz", "gemstone")


def _block(lines: Iterator[str], gathering: Gathering) -> str:
    """The lines up to the `%` that ends them."""
    block: list[str] = []
    for line in lines:
        if line[:1] == "%" and not line[1:].strip():
            return "\n".join(block)
        block.append(line)
    gathering.skipped["block without an end"] += 1
    return "\n".join(block)
