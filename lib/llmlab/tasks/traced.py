"""Questions whose answers need tools: each with the calls that lead to its answer, and what they bring back."""

import json
import random
from abc import abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

from llmlab.tasks.base import Example
from llmlab.tasks.drawn import DrawnTask

LANGUAGES = ("english", "chinese")
_FAILED = {"english": "The tool failed.", "chinese": "工具出错了。"}
_REASONS = ("out of time", "nothing found", "a number that is too large", "failed", "there is no tool here")


class Step(NamedTuple):
    """One call: what is asked of which tool, and what it says."""

    tool: str
    argument: str
    result: str


@dataclass(frozen=True)
class Trace:
    """A question with its whole answer.

    `lie` is another result that the last call might have had, and `lied` the answer that would follow from it: what a
    model says that reads results and does not guess. `documents` are what has to be there to be found.
    """

    question: str
    answer: str
    steps: tuple[Step, ...] = ()
    lie: str = ""
    lied: str = ""
    documents: tuple[str, ...] = ()

    def misled(self) -> "Trace":
        """The same with the other result; as it is where no tool is called."""
        return self._ending(self.lie, self.lied) if self.steps else self

    def failing(self, lang: str, rng: random.Random) -> "Trace":
        """The same with a last call that comes to nothing, which is then what the answer says."""
        return self._ending(f"error: {rng.choice(_REASONS)}", _FAILED[lang]) if self.steps else self

    def _ending(self, result: str, answer: str) -> "Trace":
        last = self.steps[-1]._replace(result=result)
        return Trace(self.question, answer, (*self.steps[:-1], last), self.lie, self.lied, self.documents)


class TracedTask(DrawnTask):
    """A drawn task whose examples carry their trace in `meta`."""

    def languages(self) -> tuple[str, ...]:
        """English and Chinese."""
        return LANGUAGES

    @abstractmethod
    def trace(self, lang: str, rng: random.Random) -> Trace:
        """A question, drawn anew."""

    def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
        """See `DrawnTask.draw`."""
        trace = self._trace(lang, seed, index)
        return trace.question, trace.answer

    def meta(self, lang: str, seed: int, index: int) -> str:
        """See `DrawnTask.meta`: all of the trace that is neither question nor answer."""
        trace = self._trace(lang, seed, index)
        kept = {name: getattr(trace, name) for name in ("steps", "lie", "lied", "documents")}
        return json.dumps(kept, ensure_ascii=False)

    def _trace(self, lang: str, seed: int, index: int) -> Trace:
        return self.trace(lang, random.Random(f"{seed}/{self.name}/{lang}/{index}"))


def trace_of(example: Example) -> Trace:
    """The trace of an example of a `TracedTask`."""
    meta = json.loads(example.meta)
    steps = tuple(Step(*step) for step in meta["steps"])
    return Trace(example.prompt, example.answer, steps, meta["lie"], meta["lied"], tuple(meta["documents"]))


def has_failed(text: str, lang: str) -> bool:
    """Whether an answer says that a tool failed."""
    return text.strip() == _FAILED[lang]
