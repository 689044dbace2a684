"""How a question on code is put: by the special token of its task, or in words."""

import random
from typing import NamedTuple

from llmlab.instruct.base import Content
from llmlab.tokenizer.special import CLASS, COMMENT, COMPLETE, FIX, HOLE, MIDDLE, NAME, PREFIX, SEND, SUFFIX

# What stands at a gap when a question is asked in words: a person can type no special token.
GAP = "___"


class Task(NamedTuple):
    """The special token that opens a question, and the words that do it instead."""

    token: str
    words: str


FINISH = Task(COMPLETE, "Complete this Smalltalk method.")
WRITE = Task(CLASS, "Write the methods of this Smalltalk class.")
MEND = Task(FIX, "This Smalltalk method has a defect. Name it and mend it.")
FIND_NAME = Task(NAME, f"What is the selector at {GAP} in this Smalltalk method?")
FIND_SEND = Task(SEND, f"Which message is sent at {GAP} in this Smalltalk method?")
EXPLAIN = Task(COMMENT, "Write the comment of this Smalltalk method.")
_FILL = f"What is missing at {GAP} in this Smalltalk method?"


class Asker:
    """Puts questions, a share of them in words."""

    def __init__(self, worded: float, rng: random.Random) -> None:
        self._worded = worded
        self._rng = rng

    def ask(self, task: Task, *texts: str) -> Content:
        """The user's turn: the task, and `texts` with a gap between one and the next."""
        if self._in_words():
            return f"{task.words}\n\n{GAP.join(texts)}"
        content: list[str | dict[str, str]] = [{"token": task.token}, texts[0]]
        for text in texts[1:]:
            content += [{"token": HOLE}, text]
        return content

    def ask_between(self, before: str, after: str) -> Content:
        """The user's turn that asks for what stands between two texts (prefix, suffix, middle).

        The order is that of Bavarian et al. 2022 (arXiv 2207.14255, section 3), with the middle as the answer.
        """
        if self._in_words():
            return f"{_FILL}\n\n{before}{GAP}{after}"
        return [{"token": PREFIX}, before, {"token": SUFFIX}, after, {"token": MIDDLE}]

    def _in_words(self) -> bool:
        return self._rng.random() < self._worded
