import re

import pytest

from llmlab.tasks.arithmetic import Arithmetic

PATTERNS = {
    "english": (r"What is (\d+) (plus|minus) (\d+)\?", "plus"),
    "chinese": (r"(\d+)(加|减)(\d+)等于多少？", "加"),
}


@pytest.mark.parametrize("lang", sorted(PATTERNS))
def test_answers_are_right(lang: str) -> None:
    """Worked out again from the words of the question."""
    pattern, plus = PATTERNS[lang]
    operators = set()
    for index in range(500):
        question, answer = Arithmetic().draw(lang, 1, index)
        match = re.fullmatch(pattern, question)
        assert match is not None, question
        a, b = int(match[1]), int(match[3])
        assert 0 <= a < 100
        assert 0 <= b < 100
        assert int(answer) == (a + b if match[2] == plus else a - b)
        assert int(answer) >= 0
        operators.add(match[2])
    assert len(operators) == 2


def test_a_draw_is_fixed_by_seed_language_and_number() -> None:
    draws = [[Arithmetic().draw("english", seed, index) for index in range(50)] for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    assert len({question for question, _ in draws[0]}) > 40


def test_languages_are_those_that_can_be_drawn() -> None:
    assert set(Arithmetic().languages()) == set(PATTERNS)
