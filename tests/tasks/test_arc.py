from llmlab.tasks.arc import ArcChallenge, ArcEasy

FILE = {"id": 7, "question": "Which is a planet?", "choices": ["Sun", "Mars", "Moon"], "answer": 1}
HUB = {
    "id": "Mercury_7",
    "question": "Which is a planet?",
    "choices": {"text": ["Sun", "Mars", "Moon"], "label": ["1", "2", "3"]},
    "answerKey": "2",
}


def test_rows_of_both_places_are_the_same_example() -> None:
    """The hub labels some questions with letters and some with digits."""
    ours, theirs = (ArcEasy().example(0, row) for row in (FILE, HUB))
    assert ours == theirs
    assert (ours.answer, ours.gold, ours.choices) == ("Mars", 1, ("Sun", "Mars", "Moon"))


def test_the_two_parts_are_two_tasks() -> None:
    hashes = {task.splits["test"].sha256 for task in (ArcEasy, ArcChallenge)}
    assert len(hashes) == 2
    assert ArcChallenge().example(0, FILE).task == "arc-challenge"


def test_the_words_of_the_right_choice_are_right() -> None:
    example = ArcEasy().example(0, FILE)
    assert [ArcEasy().grade(example, text) for text in ("Mars", " Mars.", "Sun", "")] == [1.0, 1.0, 0.0, 0.0]
