"""Traditional or simplified Chinese: which one a text is in, and conversion, both by OpenCC's dictionaries.

Names are those of ISO 15924: `Hans` simplified, `Hant` traditional, `Hani` when a text shows neither or both. Most
characters are common to the two, and some (后 里 干) are in both with other meanings: OpenCC tells them by their words.
"""

import functools
from typing import Literal

import opencc

Script = Literal["Hans", "Hant", "Hani"]
# A text in one script quotes the other now and then: under a tenth of the telling characters is a quotation.
_BOTH: tuple[Script, Script] = ("Hant", "Hans")
_MIXED_SHARE = 0.1


def script_of(text: str) -> Script:
    """The script of a text, by the characters that conversion to the other one would change."""
    telling = [
        sum(before != after for before, after in zip(text, convert_script(text, to), strict=False)) for to in _BOTH
    ]
    if min(telling) > _MIXED_SHARE * sum(telling) or not any(telling):
        return "Hani"
    return "Hans" if telling[0] > telling[1] else "Hant"


def convert_script(text: str, to: Script) -> str:
    """The text in simplified (`Hans`) or traditional (`Hant`) characters; OpenCC goes by words where one has several.

    Raises:
        ValueError: `Hani`, which is no script to write in.
    """
    if to == "Hani":
        raise ValueError("a text is converted to Hans or Hant")
    return str(_converter("t2s" if to == "Hans" else "s2t").convert(text))


@functools.cache
def _converter(name: str) -> opencc.OpenCC:
    return opencc.OpenCC(name)
