"""What counts as one unit of a text: code tokens, words, or characters where a script writes no spaces."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal

from llmlab.smalltalk.measure import code_tokens

Unit = Literal["smalltalk", "code", "word", "char"]

# Scripts written without spaces between words: CJK, kana, Thai, Lao, Myanmar, Khmer.
SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_SPACELESS = re.compile(f"[{SPACELESS}]")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"\w+")
_CODE = re.compile(r"\w+|[^\w\s]")
# A text is read by characters when this share of its letters is of such a script. Well under a half, because one
# English word has several letters where one Chinese word has two characters.
_MIN_SHARE = 0.3


def is_spaceless(text: str) -> bool:
    """Whether a text is mostly in a script without spaces."""
    letters = len(_LETTER.findall(text))
    return letters > 0 and len(_SPACELESS.findall(text)) >= _MIN_SHARE * letters


def unit_of(text: str, lang: str, kind: str) -> Unit:
    """The unit that a document is compared by."""
    if kind == "code":
        return "smalltalk" if lang == "smalltalk" else "code"
    return "char" if is_spaceless(text) else "word"


def split_units(text: str, unit: Unit) -> list[str]:
    """The units of a text in order. Case, width, punctuation and spacing do not count for words and characters."""
    if unit == "smalltalk":
        return code_tokens(text)
    if unit == "code":
        return _CODE.findall(text)
    folded = unicodedata.normalize("NFKC", text).lower()
    if unit == "word":
        return _WORD.findall(folded)
    return [character for character in folded if character.isalnum()]


def ngrams(units: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    """Every n units that stand one after the other; none where there are fewer."""
    # Not strict: the shifted copies are shorter by one each, and the shortest says where to end.
    return zip(*(units[start:] for start in range(n)), strict=False)
