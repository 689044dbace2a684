"""Personal data and secrets out of a text, replaced by a word that says what stood there.

What has a form is found: see `keys` and `personal`. Not found: names of people, street addresses, dates of birth,
numbers spelt in words, secrets without a known shape or a word before them, and what was hidden on purpose. Known
to be taken for personal data without being it: a bare number of eleven digits that begins like a Chinese mobile
number, and a version number of four parts with one over 49 and no word before it.
"""

import re
from collections.abc import Iterator
from itertools import chain

from llmlab.corpus.keys import IN_ADDRESS, find_announced, find_keys
from llmlab.corpus.personal import SHAPES, SHAPES_IN_CODE, Shape, find_personal

TAGS = ("key", "email", "phone", "id", "card", "iban", "ip", "mac", "account")

# One character for one, so that a place in the folded text is a place in the text: full-width signs, odd blanks and
# hyphens.
_KEPT = "！，：；？"  # which end a word, where their ASCII signs may stand inside one
_FOLD = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in _KEPT}
_FOLD.update({0x3000: 0x20, 0xA0: 0x20, 0x202F: 0x20, 0x2009: 0x20, 0x2010: 0x2D, 0x2011: 0x2D, 0xFE63: 0x2D})
# Comments, strings, and characters, which may be a quote: what a program says to people is in the first two.
_SPOKEN = re.compile(r"""\$[\s\S]|"[^"]*+(?:""[^"]*+)*+"|'[^']*+(?:''[^']*+)*+'""")


def scrub(text: str, kind: str) -> str:
    """Replace what is found by `<key>`, `<email>` and the other `TAGS`.

    In code only comments and strings are looked at, keys with a known shape apart: numbers compute there.
    """
    spans = sorted(_find(text.translate(_FOLD), kind == "code"), key=lambda span: (span[0], span[2] != "key", -span[1]))
    if not spans:
        return text
    pieces, position = [], 0
    for start, end, tag in spans:
        if start >= position:
            pieces += [text[position:start], f"<{tag}>"]
        # A second find that reaches further than the first goes with it, under the first one's name.
        position = max(position, end)
    return "".join([*pieces, text[position:]])


def _find(text: str, code: bool) -> Iterator[tuple[int, int, str]]:
    yield from ((start, end, "key") for start, end in find_keys(text))
    yield from ((start, end, "key") for start, end in find_announced(text, quoted=code))
    if not code:
        yield from _find_spoken(text, SHAPES)
        return
    for part in _SPOKEN.finditer(text):
        if not part[0].startswith("$"):
            announced = ((start, end, "key") for start, end in find_announced(part[0], quoted=False))
            found = chain(_find_spoken(part[0], SHAPES_IN_CODE), announced)
            yield from ((start + part.start(), end + part.start(), tag) for start, end, tag in found)


def _find_spoken(text: str, shapes: tuple[Shape, ...]) -> Iterator[tuple[int, int, str]]:
    yield from ((*match.span("secret"), "key") for match in IN_ADDRESS.finditer(text))
    yield from find_personal(text, shapes)
