"""Questions like those for tools that no tool is needed for: a model that calls one all the same is told apart."""

import random
from typing import ClassVar

from llmlab.tasks.invented import person, word
from llmlab.tasks.search_calls import FACTS, LIVES
from llmlab.tasks.traced import LANGUAGES, Trace, TracedTask

_COPY = ("Repeat this: {t}", "请重复：{t}")
_GREET = ("Hello, I am {n}.", "你好，我是{n}。")
_GREETING = ("Hello, {n}.", "你好，{n}。")
_QUESTION = ("What is {x} plus {y}?", "{x}加{y}等于多少？")
_FIRST = ("Which number stands first: {x} or {y}?", "哪个数在前面：{x}还是{y}？")
_SAY = ("Say the word {w}.", "说出单词{w}。")
# What only looks like a call: text spells no special token.
_MARKED = "<|{t}|>{x}+{y}<|/{t}|>"


class NoCalls(TracedTask):
    """Copying (of questions for tools, of text that spells tags), greeting, reading what the question itself says."""

    name: ClassVar[str] = "no-calls"

    def trace(self, lang: str, rng: random.Random) -> Trace:
        """See `TracedTask.trace`."""
        number, kind = LANGUAGES.index(lang), rng.randrange(7)
        x, y = rng.randrange(2, 1000), rng.randrange(2, 1000)
        name, text = person(lang, rng), word(rng)
        if kind == 0:
            return Trace(_GREET[number].format(n=name), _GREETING[number].format(n=name))
        if kind == 1:
            return Trace(_FIRST[number].format(x=x, y=y), str(x))
        if kind == 2:
            return Trace(_SAY[number].format(w=text), text)
        lives = FACTS[lang][LIVES]
        if kind == 3:
            city = rng.choice(lives.values)
            told = lives.told.format(n=name, v=city)
            return Trace(f"{told} {rng.choice(lives.asked).format(n=name)}", city)
        if kind == 4:
            asked = _QUESTION[number].format(x=x, y=y)
            return Trace(_COPY[number].format(t=asked), asked)
        marked = _MARKED.format(t=rng.choice(("calc", "python", "result")), x=x, y=y)
        copied = marked if kind == 5 else f"{x} + {y} {text}"
        return Trace(_COPY[number].format(t=copied), copied)
