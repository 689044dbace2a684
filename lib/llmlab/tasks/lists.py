"""Operations on short lists of digits: sort, turn round, find the largest, count."""

import random
from collections.abc import Callable
from typing import ClassVar

from llmlab.tasks.drawn import DrawnTask

_OPERATIONS: tuple[tuple[str, str, Callable[[list[int]], list[int]]], ...] = (
    ("Sort these numbers: {items}", "把这些数从小到大排列：{items}", sorted),
    ("Reverse this list: {items}", "把这个列表倒过来：{items}", lambda items: items[::-1]),
    ("What is the largest of {items}?", "{items}中最大的数是几？", lambda items: [max(items)]),
    ("How many numbers are in {items}?", "{items}一共有几个数？", lambda items: [len(items)]),
)
_LANGUAGES = ("english", "chinese")


class Lists(DrawnTask):
    """Three to six different digits and one of four operations."""

    name: ClassVar[str] = "lists"

    def languages(self) -> tuple[str, ...]:
        """English and Chinese."""
        return _LANGUAGES

    def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
        """See `DrawnTask.draw`."""
        rng = random.Random(f"{seed}/lists/{lang}/{index}")
        *questions, work = rng.choice(_OPERATIONS)
        items = rng.sample(range(10), rng.randint(3, 6))
        question = questions[_LANGUAGES.index(lang)].format(items=" ".join(map(str, items)))
        return question, " ".join(map(str, work(items)))
