"""Tasks whose questions are made as they are needed, from a seed and a number."""

from abc import ABC, abstractmethod
from typing import ClassVar

from llmlab.tasks.base import Example, Kind, exact_match, set_of
from llmlab.tasks.style import SHORT, Style

# So many draws for each example wanted: of a split that holds one question in twenty (validation), enough.
_TRIES = 60


class DrawnTask(ABC):
    """Questions without end, each with one right answer; which split a question is in, its own words decide."""

    name: ClassVar[str]
    kind: ClassVar[Kind] = "write"
    style: ClassVar[Style] = SHORT

    @abstractmethod
    def languages(self) -> tuple[str, ...]:
        """See `Task.languages`."""

    @abstractmethod
    def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
        """Question and answer number `index` in a language; the same arguments give the same pair."""

    def choices(self, question: str, answer: str, lang: str) -> tuple[str, ...]:
        """The answers to choose from, the right one among them; none for a task that is answered in writing."""
        return ()

    def meta(self, lang: str, seed: int, index: int) -> str:
        """What else the example of that number holds, a JSON object."""
        return "{}"

    def examples(self, lang: str, split: str, count: int, seed: int) -> list[Example]:
        """See `Task.examples`: distinct ones, a larger set beginning with the smaller."""
        found: dict[str, Example] = {}
        for index in range(_TRIES * count if lang in self.languages() else 0):
            prompt, answer = self.draw(lang, seed, index)
            if set_of(prompt) == split and prompt not in found:
                name = f"{self.name}/{lang}/{len(found)}"
                choices, meta = self.choices(prompt, answer, lang), self.meta(lang, seed, index)
                found[prompt] = Example(name, self.name, lang, prompt, answer, choices, meta)
            if len(found) == count:
                break
        return list(found.values())

    def grade(self, example: Example, text: str) -> float:
        """1 for exactly the answer, outer blanks and one closing stop aside; else 0."""
        return float(exact_match(example.answer, text))
