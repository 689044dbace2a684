from collections.abc import Callable, Sequence

import numpy as np
import pytest

from llmlab.artifacts.errors import LabError
from llmlab.decode.sampling import SamplingConfig
from llmlab.evals.answerer import Cost, Likelihood
from llmlab.evals.bits_per_byte import Scored
from llmlab.evals.suite import SuiteConfig, commonest, run_suite, run_task, run_texts
from llmlab.tasks.base import Example
from llmlab.tasks.drawn import DrawnTask
from llmlab.tasks.table import TASKS, all_tasks
from llmlab.tasks.templates import Prompt

CONFIG = SuiteConfig(limit=20)


class Knows:
    """Answers a share of the questions rightly, the same ones whenever it is asked."""

    chats = True

    def __init__(self, task: str, share: float = 1.0) -> None:
        self.cost = Cost()
        self.asked: list[Prompt] = []
        self.settings: list[tuple[SamplingConfig, int]] = []
        known = round(share * 20)
        examples = [e for lang in ("english", "chinese") for e in TASKS[task].examples(lang, "test", 20, 1)[:known]]
        self.right = {e.prompt: e.answer for e in examples}

    def likelihoods(self, asked: Sequence[tuple[Prompt, str]]) -> list[Likelihood]:
        return [Likelihood(0.0 if answer in self.right.values() else 1.0, 1, False) for _, answer in asked]

    def write(self, prompts: Sequence[Prompt], sampling: SamplingConfig, stops: Sequence[str], seed: int) -> list[str]:
        self.asked += prompts
        self.settings.append((sampling, seed))
        self.cost.read += 3 * len(prompts)
        self.cost.written += len(prompts)
        return [self.right.get(prompt.turns[-1], "?") for prompt in prompts]

    def count(self, text: str) -> int:
        return len(text)

    def surprise(self, texts: Sequence[str], lang: str) -> Scored:
        sizes = np.array([len(text.encode()) for text in texts])
        return Scored(sizes * np.log(2) * 2, sizes, sizes, [lang] * len(texts))


def test_a_row_says_what_was_asked_what_was_right_and_what_it_cost() -> None:
    row = run_task(TASKS["arithmetic"], "english", Knows("arithmetic", 0.5), CONFIG)
    assert (row["task"], row["lang"], row["template"], row["shots"], row["examples"]) == (
        "arithmetic",
        "english",
        "chat",
        0,
        20,
    )
    assert row["score"] == 0.5
    assert 0.2 < row["low"] < 0.5 < row["high"] < 0.8
    assert row["chance"] < 0.2
    assert (row["tokens_read"], row["tokens_written"], row["cut"]) == (60, 20, 0)
    assert row["seconds"] >= 0


def test_the_same_seed_is_the_same_row_and_another_one_asks_other_questions() -> None:
    rows = [run_task(TASKS["copy"], "english", Knows("copy"), SuiteConfig(limit=20, seed=seed)) for seed in (1, 1, 2)]
    for row in rows:
        del row["seconds"]
    assert rows[0] == rows[1]
    assert rows[0]["score"] == 1.0
    assert rows[2]["score"] < 0.5


def test_choices_get_both_scores_and_chance() -> None:
    row = run_task(TASKS["minimal-pairs"], "english", Knows("minimal-pairs"), CONFIG)
    assert (row["score"], row["normalised"], row["chance"], row["low"], row["high"]) == (1.0, 1.0, 0.5, 1.0, 1.0)


def test_solved_examples_come_from_the_training_split() -> None:
    answerer = Knows("lists")
    run_task(TASKS["lists"], "english", answerer, SuiteConfig(limit=4, shots=3))
    train = {(e.prompt, e.answer) for e in TASKS["lists"].examples("english", "train", 3, 1)}
    for prompt in answerer.asked:
        assert len(prompt.turns) == 7
        assert set(zip(prompt.turns[:-1:2], prompt.turns[1::2], strict=True)) == train


def test_several_samples_are_drawn_and_give_pass_at_k() -> None:
    answerer = Knows("arithmetic", 0.5)
    row = run_task(TASKS["arithmetic"], "english", answerer, SuiteConfig(limit=20, samples=4, k=3, temperature=0.7))
    assert len(answerer.asked) == 80
    assert answerer.settings[0][0].temperature == 0.7
    # Right ones are always right here, so that more samples do not help.
    assert (row["score"], row["pass@1"], row["pass@3"]) == (0.5, 0.5, 0.5)


def test_the_cheap_answer_is_the_one_that_is_right_most_often() -> None:
    class Parity(DrawnTask):
        name = "parity"

        def languages(self) -> tuple[str, ...]:
            return ("english",)

        def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
            return f"{seed} {index}?", "odd" if index % 3 else "even"

    assert commonest(Parity(), "english", 1) == "odd"
    assert commonest(all_tasks()["humaneval"], "english", 1) == ""


def test_texts_are_counted_in_bits_of_a_byte() -> None:
    row = run_texts("c4", "chinese", ["从前", "b" * 5000], Knows("copy"), SuiteConfig(characters=100))
    assert (row["score"], row["low"], row["high"], row["chance"]) == (2.0, 2.0, 2.0, 8.0)
    assert (row["examples"], row["bytes"]) == (2, 106)


def test_of_many_texts_an_even_part_is_taken() -> None:
    assert run_texts("c4", "english", ["ab"] * 50, Knows("copy"), SuiteConfig(limit=7))["examples"] == 7


def test_what_cannot_be_put_says_why_and_the_others_are_put() -> None:
    rows = list(run_suite(["arc-easy", "copy"], all_tasks(), ["english", "chinese"], Knows("copy"), CONFIG))
    assert [(row["task"], row["lang"]) for row in rows] == [
        ("arc-easy", "english"),
        ("copy", "english"),
        ("copy", "chinese"),
    ]
    assert "not at hand" in rows[0]["status"]
    assert [row.get("score") for row in rows[1:]] == [1.0, 1.0]


def test_a_language_that_a_task_does_not_know_and_shots_that_are_not_there(refuses: Callable[..., LabError]) -> None:
    refuses(["no test questions in spanish"], run_task, TASKS["copy"], "spanish", Knows("copy"), CONFIG)

    class Few(DrawnTask):
        name = "few"

        def languages(self) -> tuple[str, ...]:
            return ("english",)

        def draw(self, lang: str, seed: int, index: int) -> tuple[str, str]:
            return f"{index % 40}?", "x"

    refuses(["solved examples", "--shots"], run_task, Few(), "english", Knows("copy"), SuiteConfig(shots=40))


def test_example_is_what_the_grader_gets() -> None:
    assert TASKS["copy"].grade(Example("c", "copy", "english", "?", "a b"), "a b.") == 1.0


@pytest.mark.parametrize("limit", [3, 0])
def test_no_limit_is_a_thousand_of_made_questions(limit: int) -> None:
    row = run_task(TASKS["digits"], "english", Knows("digits"), SuiteConfig(limit=limit))
    assert row["examples"] == (limit or 1000)
