import pytest

from llmlab.tasks.hellaswag import HellaSwag, cleaned

FILE = {"id": 0, "ctx": "Roof: A man sits. he", "endings": ["sleeps.", "works."], "label": 1}
HUB = {
    "activity_label": "Roof",
    "ctx_a": "A man sits.",
    "ctx_b": "he",
    "ctx": "A man sits. he",
    "endings": ["sleeps.", "works."],
    "label": "1",
}


def test_rows_of_both_places() -> None:
    """The hub's second sentence gets its capital, as lm-evaluation-harness has it; the file's has none."""
    ours, theirs = (HellaSwag().example(0, row) for row in (FILE, HUB))
    assert ours.prompt == "Roof: A man sits. he"
    assert theirs.prompt == "Roof: A man sits. He"
    assert (ours.answer, theirs.gold) == ("works.", 1)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (" A [step] B ", "A B"),
        ("How to bake [title] Buy flour. [step] Mix.", "How to bake. Buy flour. Mix."),
        ("plain", "plain"),
    ],
)
def test_marks_are_cut_out(text: str, clean: str) -> None:
    assert cleaned(text) == clean


def test_grade() -> None:
    example = HellaSwag().example(0, FILE)
    assert [HellaSwag().grade(example, text) for text in ("works.", "sleeps.")] == [1.0, 0.0]
