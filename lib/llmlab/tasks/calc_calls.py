"""Sums to be handed to the calculator: plain ones, and such as stand in a story."""

import operator
import random
from collections.abc import Callable
from typing import ClassVar

from llmlab.tasks.traced import Step, Trace, TracedTask

_OPERATIONS: dict[str, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
# The sign that an expression has, and the question. `{x}` is the larger number where a difference is asked for.
_QUESTIONS = {
    "english": (
        ("+", "What is {x} plus {y}?"),
        ("+", "{x} + {y} = ?"),
        ("+", "Ann has {x} coins and finds {y} more. How many coins has she now?"),
        ("+", "Add {y} to {x}."),
        ("-", "What is {x} minus {y}?"),
        ("-", "Of {x} birds {y} fly away. How many stay?"),
        ("-", "A road is {x} miles long. {y} miles are done. How many are left?"),
        ("*", "What is {x} times {y}?"),
        ("*", "A box holds {x} eggs. How many eggs are in {y} boxes?"),
        ("*", "Multiply {x} by {y}."),
    ),
    "chinese": (
        ("+", "{x}加{y}等于多少？"),
        ("+", "{x} + {y} = ?"),
        ("+", "小明有{x}个苹果，又买了{y}个，现在有几个？"),
        ("-", "{x}减{y}等于多少？"),
        ("-", "树上有{x}只鸟，飞走了{y}只，还剩几只？"),
        ("*", "{x}乘以{y}等于多少？"),
        ("*", "每盒有{x}个鸡蛋，{y}盒一共有几个？"),
    ),
}
_BRACKETS = {
    "english": "What is {x} plus {y}, all times {z}?",
    "chinese": "{x}加{y}的和乘以{z}等于多少？",
}


class CalcCalls(TracedTask):
    """Two numbers of one to three digits and an operation, and sometimes a third number after a bracket."""

    name: ClassVar[str] = "calc-calls"

    def trace(self, lang: str, rng: random.Random) -> Trace:
        """See `TracedTask.trace`."""
        x, y, z = (_number(rng) for _ in range(3))
        if rng.random() < 0.15:
            question = _BRACKETS[lang].format(x=x, y=y, z=z)
            argument, value = f"({x} + {y}) * {z}", (x + y) * z
        else:
            sign, wording = rng.choice(_QUESTIONS[lang])
            if sign == "-":
                x, y = max(x, y), min(x, y)
            question = wording.format(x=x, y=y)
            argument, value = f"{x} {sign} {y}", _OPERATIONS[sign](x, y)
        lie = str(value + rng.choice((-1, 1)) * rng.randint(1, 99))
        return Trace(question, str(value), (Step("calc", argument, str(value)),), lie, lie)


def _number(rng: random.Random) -> int:
    return rng.randrange(2, 10 ** rng.randint(1, 3))
