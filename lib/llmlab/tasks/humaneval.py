"""HumanEval: write a Python function from its signature and docstring; unit tests judge it.

Chen et al. 2021, arXiv 2107.03374. The grader runs what the model wrote, and so needs a runner that contains it.
"""

import json
from collections.abc import Callable
from typing import ClassVar

from llmlab.artifacts.errors import LabError
from llmlab.tasks.base import Example
from llmlab.tasks.published import Finder, Published, PublishedTask, Row, nothing_found
from llmlab.tasks.style import Style

Runner = Callable[[str], bool]
"""Runs a Python program in containment; True when it ends by itself and without an error."""


def nothing_run(program: str) -> bool:
    """The runner of who may run nothing."""
    raise LabError(
        "HumanEval runs programs that a model wrote, and nothing here contains them",
        "install bubblewrap (`apt install bubblewrap`), or see `lab eval --help`",
    )


class HumanEval(PublishedTask):
    """164 problems; the share solved is pass@1, with several samples per problem pass@k."""

    name: ClassVar[str] = "humaneval"
    kind: ClassVar = "write"
    style: ClassVar[Style] = Style(
        templates=("whole",),
        chat=("whole",),
        stops=("\nclass ", "\ndef ", "\n#", "\nif ", "\nprint(", "\n@"),
        max_new=256,
    )
    splits: ClassVar = {
        "test": Published(
            name="HumanEval",
            sha256="ac4e91943afe24984653da41df3abfbaa028b0097907d380cc1644ff04e1604f",
            dataset="openai/openai_humaneval",
            split="test",
            revision="7dce6050a7d6d172f3cc5c32aa97f52fa1a2e544",
        )
    }

    def __init__(self, find: Finder = nothing_found, run: Runner = nothing_run) -> None:
        super().__init__(find)
        self._run = run

    def example(self, number: int, row: Row) -> Example:
        """Both places have the published shape; `meta` holds the tests."""
        meta = json.dumps({"test": row["test"], "entry_point": row["entry_point"]})
        return Example(
            f"{self.name}/{number}", self.name, self.lang, row["prompt"], row["canonical_solution"], meta=meta
        )

    def grade(self, example: Example, text: str) -> float:
        """1 when the function passes every test."""
        return float(self._run(program_of(example, text)))


def program_of(example: Example, text: str) -> str:
    """What is run: the function as completed, the published tests, and the call of them."""
    facts = json.loads(example.meta)
    return f"{example.prompt}{text}\n{facts['test']}\ncheck({facts['entry_point']})\n"
