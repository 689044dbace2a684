"""Traces of calls as conversations: what tools say stands in them, and is never learned from."""

import random
from collections.abc import Iterator, Sequence

from llmlab.instruct.base import Content, Instruction, instruction
from llmlab.tasks.base import Example
from llmlab.tasks.traced import Trace, trace_of
from llmlab.tasks.traced_table import TRACED
from llmlab.tokenizer.special import call_tokens

# So many traces end in an error, which is then what the answer says, and so many in a result that is not the true one,
# so that results are read and not guessed.
_FAILING, _MISLED = 0.05, 0.15


def traced(examples: Sequence[Example], seed: int) -> Iterator[Instruction]:
    """Examples of traced tasks as one-turn chats."""
    for example in examples:
        trace = _varied(trace_of(example), example.lang, random.Random(f"{seed}/calls/{example.id}"))
        yield instruction(example.lang, example.task, example.id, trace.question, said(trace))


def traced_examples(
    names: Sequence[str], languages: Sequence[str], wanted: str, count: int, seed: int
) -> dict[str, list[Example]]:
    """So many examples of a set by task, languages one after the other, those that the tasks do not know left out."""
    return {
        name: [each for lang in languages for each in TRACED[name].examples(lang, wanted, count, seed)]
        for name in names
    }


def said(trace: Trace) -> Content:
    """The assistant's turn: calls between their tags, the results that the tools gave, the answer."""
    parts: list[str | dict[str, str]] = []
    for step in trace.steps:
        opening, closing = call_tokens(step.tool)
        parts += [{"token": opening}, step.argument, {"token": closing}, {"result": step.result}]
    return [*parts, trace.answer]


def _varied(trace: Trace, lang: str, rng: random.Random) -> Trace:
    point = rng.random()
    if point < _FAILING:
        return trace.failing(lang, rng)
    return trace.misled() if point < _FAILING + _MISLED else trace
