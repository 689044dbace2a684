"""GSM8K: word problems of grade-school mathematics, answered by a number (Cobbe et al. 2021, arXiv 2110.14168)."""

import re
from typing import ClassVar

from llmlab.tasks.base import Example
from llmlab.tasks.published import Published, PublishedTask, Row
from llmlab.tasks.style import Style

_NUMBER = re.compile(r"-?[0-9][0-9,]*(?:\.[0-9]+)?|-?\.[0-9]+")
_FINAL = re.compile(r"####\s*(\S+)")
_WORKING = re.compile(r"<<[^>]*>>")
_REVISION = "740312add88f781978c0658806c59bc2815b9866"


class Gsm8k(PublishedTask):
    """The answer shown is the published working, calculator marks cut out, with the number after `####`."""

    name: ClassVar[str] = "gsm8k"
    kind: ClassVar = "write"
    style: ClassVar[Style] = Style(stops=("\n\n", "Question:", "Q:"), max_new=200)
    splits: ClassVar = {
        "train": Published(
            name="GSM8K, train",
            sha256="d52a31668743a4f18e4a284514e54eea07a06ae31fcf4293af2506c198c05bda",
            dataset="openai/gsm8k",
            subset="main",
            split="train",
            revision=_REVISION,
        ),
        "test": Published(
            name="GSM8K, test",
            sha256="3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
            dataset="openai/gsm8k",
            subset="main",
            split="test",
            revision=_REVISION,
        ),
    }

    def example(self, number: int, row: Row) -> Example:
        """Both places have the published shape."""
        answer = _WORKING.sub("", row["answer"])
        return Example(f"{self.name}/{number}", self.name, self.lang, row["question"], answer)

    def grade(self, example: Example, text: str) -> float:
        """1 when the number given is the right one: the one after `####`, else the last one in the text."""
        wanted, given = final_number(example.answer), final_number(text)
        return float(given is not None and given == wanted)


def final_number(text: str) -> float | None:
    """The number after the last `####`, else the last number; `1,234`, `$18` and `18.` are read as people mean them."""
    marked = _FINAL.findall(text)
    found = _NUMBER.findall(marked[-1] if marked else text)
    return float(found[-1].replace(",", "")) if found else None
