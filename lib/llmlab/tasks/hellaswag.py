"""HellaSwag: which of four endings does a video caption or a how-to go on with (Zellers et al. 2019, arXiv 1905.07830).

The wrong endings were written by a model and kept when they fooled another one.
"""

import re
from typing import ClassVar

from llmlab.tasks.base import Example, exact_match
from llmlab.tasks.published import Published, PublishedTask, Row
from llmlab.tasks.style import Style

_BRACKETS = re.compile(r"\[.*?\]")
_REVISION = "218ec52e09a7e7462a5400043bb9a69a41d06b76"


class HellaSwag(PublishedTask):
    """The context is continued with each ending in turn; its `[header]` marks are cut out, as most reports do."""

    name: ClassVar[str] = "hellaswag"
    kind: ClassVar = "choose"
    style: ClassVar[Style] = Style(templates=("bare",))
    splits: ClassVar = {
        "train": Published(name="HellaSwag, train", dataset="Rowan/hellaswag", split="train", revision=_REVISION),
        "test": Published(
            name="HellaSwag, validation",
            sha256="d48a2b2e76bf0bf366c20125d4b24a8832f3f42e7616355c77c7c7dbf2c02624",
            dataset="Rowan/hellaswag",
            split="validation",
            revision=_REVISION,
        ),
    }

    def example(self, number: int, row: Row) -> Example:
        """The activity stands before the context, in the mirror's file already."""
        context = row["ctx"]
        if "activity_label" in row:
            context = f"{row['activity_label']}: {row['ctx_a']} {row['ctx_b'].capitalize()}"
        choices = tuple(cleaned(ending) for ending in row["endings"])
        answer = choices[int(row["label"])]
        return Example(f"{self.name}/{number}", self.name, self.lang, cleaned(context), answer, choices)

    def grade(self, example: Example, text: str) -> float:
        """1 for the words of the right ending."""
        return float(exact_match(example.answer, text))


def cleaned(text: str) -> str:
    """A text without `[title]` and other marks, blanks single."""
    text = _BRACKETS.sub("", text.strip().replace(" [title]", ". "))
    return text.replace("  ", " ")
