from collections.abc import Sequence

import pytest

from llmlab.evals.answerer import Cost, Likelihood
from llmlab.evals.choice import choose, credit
from llmlab.tasks.base import Example
from llmlab.tasks.templates import TEMPLATES, Prompt, render


@pytest.mark.parametrize(
    ("scores", "gold", "value"),
    [
        ([-1.0, -2.0], 0, 1.0),
        ([-1.0, -2.0], 1, 0.0),
        ([-1.0, -1.0], 0, 0.5),
        ([-1.0, -1.0], 1, 0.5),
        ([-1.0, -1.0, -1.0, -2.0], 2, 1 / 3),
        ([-1.0, -1.0, -1.0, -2.0], 3, 0.0),
        ([-1.0, -1.0 - 1e-12], 1, 0.5),
        ([0.0, 0.0], 0, 0.5),
    ],
)
def test_ties_share_the_credit(scores: list[float], gold: int, value: float) -> None:
    assert credit(scores, gold) == pytest.approx(value)


class Fixed:
    """Knows a number per choice."""

    chats = False

    def __init__(self, nats: dict[str, float]) -> None:
        self.nats, self.cost = nats, Cost()

    def likelihoods(self, asked: Sequence[tuple[Prompt, str]]) -> list[Likelihood]:
        return [Likelihood(self.nats[answer.strip()], 1, False) for _, answer in asked]


def test_a_long_choice_is_not_worse_for_being_long() -> None:
    """4 nats over 8 characters are less a character than 3 over 2."""
    example = Example("x/0", "x", "english", "?", "lighting", ("lighting", "on"))
    chosen = choose(Fixed({"lighting": 4.0, "on": 3.0}), [example], [render(TEMPLATES["qa"], example)])  # type: ignore[arg-type]
    assert (chosen.plain, chosen.normalised, chosen.chance) == ([0.0], [1.0], [0.5])


def test_a_model_that_finds_everything_alike_gets_chance_wherever_the_answer_stands() -> None:
    examples = [Example("x/0", "x", "english", "?", gold, ("ab", "cd", "ef", "gh")) for gold in ("ab", "cd", "gh")]
    prompts = [render(TEMPLATES["qa"], example) for example in examples]
    chosen = choose(Fixed(dict.fromkeys(["ab", "cd", "ef", "gh"], 2.0)), examples, prompts)  # type: ignore[arg-type]
    assert chosen.plain == chosen.normalised == chosen.chance == [0.25] * 3
