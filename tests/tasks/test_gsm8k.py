import pytest

from llmlab.tasks.gsm8k import Gsm8k, final_number

ROW = {"question": "How much?", "answer": "She sells 16 - 7 = <<16-7=9>>9 eggs.\n9 * 2 = $<<9*2=18>>18.\n#### 18"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("#### 18", 18),
        ("so it is 12.\n#### 1,234", 1234),
        ("#### $18", 18),
        ("#### -3", -3),
        ("first 7, then 42.", 42),
        ("18.50 dollars", 18.5),
        ("it costs .5", 0.5),
        ("#### 18 and 19", 18),
        ("none", None),
        ("", None),
    ],
)
def test_the_number_that_is_meant(text: str, number: float | None) -> None:
    assert final_number(text) == number


def test_calculator_marks_are_no_part_of_the_answer() -> None:
    example = Gsm8k().example(0, ROW)
    assert example.answer == "She sells 16 - 7 = 9 eggs.\n9 * 2 = $18.\n#### 18"


def test_only_the_exact_number_is_right() -> None:
    example = Gsm8k().example(0, ROW)
    texts = (example.answer, "#### 18.0", "it is 18", "#### 180", "#### 1.8", "18 or 19", "no idea")
    assert [Gsm8k().grade(example, text) for text in texts] == [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
