"""Sums and differences of numbers up to 99, asked in words."""

import random
from typing import ClassVar

from llmlab.tasks.drawn import DrawnTask

_QUESTIONS = {
    "english": ("What is {a} plus {b}?", "What is {a} minus {b}?"),
    "chinese": ("{a}加{b}等于多少？", "{a}减{b}等于多少？"),
}


class Arithmetic(DrawnTask):
    """Two-digit addition and subtraction without negative results."""

    name: ClassVar[str] = "arithmetic"

    def languages(self) -> tuple[str, ...]:
        """English and Chinese."""
        return tuple(_QUESTIONS)

    def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
        """See `DrawnTask.draw`."""
        rng = random.Random(f"{seed}/arithmetic/{lang}/{index}")
        a, b = rng.randrange(100), rng.randrange(100)
        if rng.random() < 0.5:
            return _QUESTIONS[lang][0].format(a=a, b=b), str(a + b)
        a, b = max(a, b), min(a, b)
        return _QUESTIONS[lang][1].format(a=a, b=b), str(a - b)
