"""Answers to validation questions while a model is tuned: what its loss alone does not tell."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.documents import read_rows
from llmlab.artifacts.manifest import read_json
from llmlab.artifacts.metrics import rounded
from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.answerer import Answerer
from llmlab.tasks.base import Example
from llmlab.tasks.table import TASKS
from llmlab.tasks.templates import TEMPLATES, render


class TaskCurve:
    """To be called after every step; every `every` steps, and at the last one, the questions are answered.

    Shares of right answers lie in `file`, beside the checkpoints of the run, so that a run which is killed and resumed
    ends with the same curve.
    """

    def __init__(
        self, answerer: Answerer, groups: Mapping[str, Sequence[Example]], *, every: int, steps: int, file: Path
    ) -> None:
        self._answerer, self._groups, self._file = answerer, groups, file
        self._every, self._steps = every, steps

    def __call__(self, step: int) -> None:
        """Answer, if it is time."""
        if self._groups and (step % self._every == 0 or step == self._steps):
            kept = {number: shares for number, shares in self.points().items() if int(number) < step}
            write_json(self._file, {**kept, str(step): self._shares()})

    def points(self) -> dict[str, dict[str, float]]:
        """Shares by step, then by task and language."""
        return dict(read_json(self._file, "sft")) if self._file.is_file() else {}

    def _shares(self) -> dict[str, float]:
        return {name: rounded(self._share(group), 4) for name, group in self._groups.items()}

    def _share(self, group: Sequence[Example]) -> float:
        prompts = [render(TEMPLATES["chat"], example) for example in group]
        longest = max(self._answerer.count(example.answer) for example in group) + 4
        written = self._answerer.write(prompts, SamplingConfig(temperature=0, max_new=longest), (), 0)
        return fmean(TASKS[example.task].grade(example, text) for example, text in zip(group, written, strict=True))


def validation_questions(instruct: Path, count: int) -> dict[str, list[Example]]:
    """The first `count` one-turn questions of each made task and language in the validation set of `instruct`."""
    groups: dict[str, list[Example]] = {}
    for example in _asked(read_rows(instruct / "val.parquet", "instruct")):
        group = groups.setdefault(f"{example.task}/{example.lang}", [])
        if len(group) < count:
            group.append(example)
    return {name: group for name, group in groups.items() if group}


def _asked(rows: Iterable[Mapping[str, str]]) -> Iterable[Example]:
    for row in rows:
        if row["kind"] in TASKS:
            question, answer = (message["content"] for message in json.loads(row["messages"]))
            yield Example(row["id"], row["kind"], row["lang"], question, answer)
