"""Work on letters and series, which a line of Python does and a small model does not."""

import random
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from llmlab.tasks.invented import word
from llmlab.tasks.traced import LANGUAGES, Step, Trace, TracedTask


class Work(NamedTuple):
    """The question in each language, the program, and what it prints; `w` is a word, `c` a letter of it."""

    asked: tuple[str, str]
    program: str
    printed: Callable[[str, str], str]


_WORKS = (
    Work(("Spell {w} backwards.", "把单词{w}倒过来写。"), "print('{w}'[::-1])", lambda w, _: w[::-1]),
    Work(("How many letters has {w}?", "{w}有几个字母？"), "print(len('{w}'))", lambda w, _: str(len(w))),
    Work(("Write {w} in capitals.", "把{w}写成大写。"), "print('{w}'.upper())", lambda w, _: w.upper()),
    Work(
        ("Sort the letters of {w}.", "把{w}的字母排序。"),
        "print(''.join(sorted('{w}')))",
        lambda w, _: "".join(sorted(w)),
    ),
    Work(
        ("How often is {c} in {w}?", "{w}里有几个{c}？"),
        "print('{w}'.count('{c}'))",
        lambda w, c: str(w.count(c)),
    ),
)
_SERIES = ("Add up all numbers from {a} to {b}.", "从{a}到{b}的所有整数之和是多少？")


class PythonCalls(TracedTask):
    """Words turned round, counted, sorted, in capitals; sums of a series."""

    name: ClassVar[str] = "python-calls"

    def trace(self, lang: str, rng: random.Random) -> Trace:
        """See `TracedTask.trace`."""
        number = LANGUAGES.index(lang)
        if rng.random() < 0.15:
            a, b = rng.randint(1, 50), rng.randint(51, 500)
            step = Step("python", f"print(sum(range({a}, {b} + 1)))", str(sum(range(a, b + 1))))
            lie = str(int(step.result) + rng.randint(1, 99))
            return Trace(_SERIES[number].format(a=a, b=b), step.result, (step,), lie, lie)
        work, text = rng.choice(_WORKS), word(rng)
        letter = rng.choice(text)
        step = Step("python", work.program.format(w=text, c=letter), work.printed(text, letter))
        lie = _other(step.result, work, rng)
        return Trace(work.asked[number].format(w=text, c=letter), step.result, (step,), lie, lie)


def _other(result: str, work: Work, rng: random.Random) -> str:
    """What the program would print of another word; of a number, another number."""
    if result.isdigit():
        return str(int(result) + rng.randint(1, 9))
    while True:
        text = word(rng)
        other = work.printed(text, text[0])
        if other != result:
            return other
