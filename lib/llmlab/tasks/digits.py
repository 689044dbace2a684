"""Addition written digit by digit, so that every tokenizer sees the same digits."""

import random
from typing import ClassVar

from llmlab.tasks.drawn import DrawnTask

_QUESTIONS = {"english": "Add digit by digit: {a} + {b}", "chinese": "逐位相加：{a} + {b}"}
_MOST_DIGITS = 4


class Digits(DrawnTask):
    """Two numbers of one to four digits; the sum is written from the ones up.

    Written in that order each digit follows from two digits and a carry, which is what small models can learn (Lee et
    al. 2023, arXiv 2307.03381).
    """

    name: ClassVar[str] = "digits"

    def languages(self) -> tuple[str, ...]:
        """English and Chinese."""
        return tuple(_QUESTIONS)

    def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
        """See `DrawnTask.draw`."""
        rng = random.Random(f"{seed}/digits/{lang}/{index}")
        a, b = (_number(rng) for _ in range(2))
        question = _QUESTIONS[lang].format(a=" ".join(str(a)), b=" ".join(str(b)))
        return question, " ".join(reversed(str(a + b)))


def _number(rng: random.Random) -> int:
    """Of each length as often, so that short ones are not drowned in long ones."""
    length = rng.randint(1, _MOST_DIGITS)
    return rng.randrange(10 ** (length - 1) if length > 1 else 0, 10**length)
