from collections.abc import Sequence

import pytest

from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.answerer import Cost
from llmlab.evals.suite import SuiteConfig
from llmlab.evals.variability import variability
from llmlab.tasks.table import TASKS
from llmlab.tasks.templates import Prompt


class Picky:
    """Knows every answer, but says it only to some wordings."""

    chats = True

    def __init__(self, wording: str) -> None:
        self.cost, self.wording = Cost(), wording

    def write(self, prompts: Sequence[Prompt], sampling: SamplingConfig, stops: Sequence[str], seed: int) -> list[str]:
        return [
            prompt.turns[-1].rpartition(": ")[2] if prompt.turns[-1].startswith(self.wording) else "no"
            for prompt in prompts
        ]

    def count(self, text: str) -> int:
        return len(text)


def test_the_wording_shows_and_the_seed_does_not() -> None:
    report = variability(TASKS["copy"], "english", Picky("Question: "), SuiteConfig(limit=10), [1, 2, 3])  # type: ignore[arg-type]
    assert report["scores"] == {"chat": [0.0] * 3, "chat-question": [1.0] * 3, "chat-please": [0.0] * 3}
    assert (report["low"], report["high"], report["mean"]) == (0.0, 1.0, pytest.approx(1 / 3, abs=1e-4))
    assert report["by_template"] == pytest.approx(0.5774, abs=1e-4)
    assert report["by_seed"] == 0.0


def test_one_template_is_compared_over_seeds_alone() -> None:
    report = variability(
        TASKS["last-word"],
        "english",
        Picky("What"),
        SuiteConfig(limit=8, template="chat"),
        [1, 2],  # type: ignore[arg-type]
    )
    assert list(report["scores"]) == ["chat"]
    assert report["by_template"] == 0.0
