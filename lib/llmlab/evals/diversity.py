"""How varied generated text is, and how much of it was copied from training text."""

from collections.abc import Iterable, Sequence

_COPY_WORDS = 8
_COPY_CHARACTERS = 12


def units(text: str, lang: str) -> list[str]:
    """Words, or characters for Chinese, which has no blanks between words."""
    return [character for character in text if not character.isspace()] if lang == "chinese" else text.split()


def distinct(texts: Iterable[str], lang: str, n: int) -> float | None:
    """Distinct n-grams as a share of all (Li et al. 2016, arXiv 1510.03055)."""
    grams = [gram for text in texts for gram in _grams(units(text, lang), n)]
    return round(len(set(grams)) / len(grams), 4) if grams else None


class CopyDetector:
    """Knows every run of 8 words (12 characters for Chinese) of the training texts of a language."""

    def __init__(self, training: Iterable[str], lang: str) -> None:
        self._lang = lang
        self._length = _COPY_CHARACTERS if lang == "chinese" else _COPY_WORDS
        self._known = {hash(gram) for text in training for gram in _grams(units(text, lang), self._length)}

    def copied(self, texts: Iterable[str]) -> float | None:
        """Share of runs in `texts` that occur in the training texts."""
        runs = [hash(gram) for text in texts for gram in _grams(units(text, self._lang), self._length)]
        return round(sum(run in self._known for run in runs) / len(runs), 4) if runs else None


def _grams(items: Sequence[str], n: int) -> Iterable[tuple[str, ...]]:
    return (tuple(items[place : place + n]) for place in range(len(items) - n + 1))
