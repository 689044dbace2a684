"""Short methods to be judged or described, which the parser does."""

import random
from typing import ClassVar

from llmlab.smalltalk.checker import syntax_fault
from llmlab.smalltalk.outline import outline
from llmlab.smalltalk.parser import parse_method
from llmlab.tasks.invented import word
from llmlab.tasks.traced import LANGUAGES, Step, Trace, TracedTask

_METHODS = (
    "{a} ^ {b}",
    "{a} ^ {b} + {c}",
    "{a} ^ {b} {c}",
    "{a}: x ^ x {b}",
    "{a}: x ^ {b} * x",
    "{a}: x {b} := x",
    "{a}: x {b}: y ^ x + y",
    "{a} ^ {b} at: {c}",
    "{a} {b} do: [:e | e {c}]",
)
# What breaks a method: an operator without an operand, a bracket, an assignment to nothing.
_ENDS = (" +", " ]", " )", " :=", " ^", " at:")
_VALID = ("Is this Smalltalk method valid: {m}", "这个Smalltalk方法语法正确吗：{m}")
_SELECTOR = ("What is the selector of this method: {m}", "这个方法的选择器是什么：{m}")
_YES, _NO = ("Yes.", "正确。"), ("No.", "不正确。")


class SmalltalkCalls(TracedTask):
    """Two thirds ask whether a method is valid, half of these are not; one third asks for the selector."""

    name: ClassVar[str] = "smalltalk-calls"

    def trace(self, lang: str, rng: random.Random) -> Trace:
        """See `TracedTask.trace`."""
        number = LANGUAGES.index(lang)
        method, other = _method(rng), _method(rng)
        if rng.random() < 1 / 3:
            step = Step("smalltalk", method, outline(method))
            answer, lied = (parse_method(each).selector for each in (method, other))
            return Trace(_SELECTOR[number].format(m=method), answer, (step,), outline(other), lied)
        answer, lied = _YES[number], _NO[number]
        broken = method + rng.choice(_ENDS)
        shown, said, lie = method, outline(method), outline(broken)
        if rng.random() < 0.5:
            shown, said, lie, answer, lied = broken, lie, said, lied, answer
        return Trace(_VALID[number].format(m=shown), answer, (Step("smalltalk", shown, said),), lie, lied)


def _method(rng: random.Random) -> str:
    """A valid one: among invented words are `nil` and its like, which not everything may be done with."""
    while True:
        method = rng.choice(_METHODS).format(**{place: word(rng, 1, 3) for place in "abc"})
        if syntax_fault(method) is None:
            return method
