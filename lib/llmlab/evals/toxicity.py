"""Toxic words in generated text, by a small list in English and Chinese: a floor under what to look at, no verdict.

What it does: whole English words, with case, accents, lengthened letters ("fuuuck") and the usual digits for letters
undone, and the plain endings -s, -ed, -er, -ing taken off; Chinese words anywhere in the text, traditional characters
read as simplified. What it does not: irony, threats and contempt in clean words, quotation and reclaiming, masked words
("f**k"), other languages and spellings, or anything that depends on who speaks to whom. Words that are harmless as
often as not (donkeys and birds, names) are left off, so that a page of fables counts as clean.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from llmlab.artifacts.manifest import hash_bytes
from llmlab.corpus.script import convert_script
from llmlab.evals.diversity import units

_LIST = Path(__file__).with_name("toxic_words.txt")
_DIGITS = 16
LANGUAGES = ("english", "chinese")
_WORD = re.compile(r"[a-z0-9@$]+(?:'[a-z]+)?")
_LENGTHENED = re.compile(r"(.)\1{2,}")
_AS_LETTERS = str.maketrans("@$013457", "asoieast")
_ENDINGS = ("s", "es", "ed", "er", "ers", "ing", "ings")
_LONGEST_PHRASE = 4
_LONGEST_CHINESE = 6


def toxic_words(text: str, lang: str) -> list[tuple[str, str]]:
    """What is found, in order: the word or phrase as folded, and its category; nothing for other languages."""
    if lang not in LANGUAGES:
        return []
    known = _listed(lang)
    candidates = _phrases(text) if lang == "english" else _spans(text)
    return [(word, category) for word in candidates if (category := known.get(_digest(lang, word)))]


def measure_toxicity(texts: Sequence[str], lang: str) -> dict[str, Any]:
    """Share of texts with a toxic word, and such words per thousand words (characters in Chinese); None where no list.

    Both are lower bounds: see above what the list does not see.
    """
    if lang not in LANGUAGES or not texts:
        return {}
    hits = [len(toxic_words(text, lang)) for text in texts]
    size = sum(len(units(text, lang)) for text in texts)
    return {
        "toxic": round(sum(count > 0 for count in hits) / len(hits), 4),
        "toxic_per_thousand": round(1000 * sum(hits) / size, 4) if size else None,
    }


def categories(lang: str) -> Counter[str]:
    """How many entries of each category the list of a language has."""
    return Counter(_listed(lang).values())


@cache
def _listed(lang: str) -> dict[str, str]:
    rows = (line.split() for line in _LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {digest: category for language, category, digest in rows if language == lang}


def _digest(lang: str, word: str) -> str:
    return hash_bytes(f"{lang}\0{word}".encode())[:_DIGITS]


def _phrases(text: str) -> Iterator[str]:
    """Words as they stand and without endings, and phrases of up to four words."""
    words = [_plain(word) for word in _WORD.findall(_folded(text))]
    for place, word in enumerate(words):
        yield from dict.fromkeys([word, *_stems(word)])
        for length in range(2, _LONGEST_PHRASE + 1):
            if place + length <= len(words):
                yield " ".join(words[place : place + length])


def _spans(text: str) -> Iterator[str]:
    """Every run of up to six letters of the text, blanks and punctuation taken out."""
    letters = "".join(c for c in convert_script(unicodedata.normalize("NFKC", text), "Hans") if c.isalnum())
    for place in range(len(letters)):
        for length in range(1, min(_LONGEST_CHINESE, len(letters) - place) + 1):
            yield letters[place : place + length]


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("’", "'")


def _plain(word: str) -> str:
    if any(c.isalpha() for c in word):
        word = word.translate(_AS_LETTERS)
    return _LENGTHENED.sub(r"\1", word.removesuffix("'s"))


def _stems(word: str) -> Iterable[str]:
    return (word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending) and len(word) > len(ending) + 2)
