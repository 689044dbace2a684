"""ARC: questions of American school tests, grades 3 to 9, four choices as a rule (Clark et al. 2018, arXiv 1803.05457).

`arc-challenge` holds those that a search engine and word co-occurrence both got wrong, `arc-easy` the others.
"""

from typing import ClassVar

from llmlab.tasks.base import Example, exact_match
from llmlab.tasks.published import Published, PublishedTask, Row
from llmlab.tasks.style import Style

_REVISION = "210d026faf9955653af8916fad021475a3f00453"


class ArcEasy(PublishedTask):
    """By default the question is continued with each choice in turn, as most reports do."""

    name: ClassVar[str] = "arc-easy"
    kind: ClassVar = "choose"
    style: ClassVar[Style] = Style(templates=("question", "qa", "bare", "lettered-question"))
    splits: ClassVar = {
        "train": Published(
            name="ARC-Easy, train", dataset="allenai/ai2_arc", subset="ARC-Easy", split="train", revision=_REVISION
        ),
        "test": Published(
            name="ARC-Easy, test",
            sha256="5c45239037adfeadcaa3756effc69f3754c87353bc94d5875cd8af014dd80835",
            dataset="allenai/ai2_arc",
            subset="ARC-Easy",
            split="test",
            revision=_REVISION,
        ),
    }

    def example(self, number: int, row: Row) -> Example:
        """`choices` are a list of texts, or texts with the labels that `answerKey` names one of."""
        choices = row["choices"]
        if "answerKey" in row:
            answer = choices["text"][choices["label"].index(row["answerKey"])]
            choices = choices["text"]
        else:
            answer = choices[row["answer"]]
        return Example(f"{self.name}/{number}", self.name, self.lang, row["question"], answer, tuple(choices))

    def grade(self, example: Example, text: str) -> float:
        """1 for the words of the right choice."""
        return float(exact_match(example.answer, text))


class ArcChallenge(ArcEasy):
    """The harder part."""

    name: ClassVar[str] = "arc-challenge"
    splits: ClassVar = {
        "train": Published(
            name="ARC-Challenge, train",
            dataset="allenai/ai2_arc",
            subset="ARC-Challenge",
            split="train",
            revision=_REVISION,
        ),
        "test": Published(
            name="ARC-Challenge, test",
            sha256="cc7f437111da474304824ed6899b14668a9ec7f59f85c486b50b369d9b9fcf38",
            dataset="allenai/ai2_arc",
            subset="ARC-Challenge",
            split="test",
            revision=_REVISION,
        ),
    }
