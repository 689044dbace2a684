from llmlab.tasks.mmlu import SUBJECTS, Mmlu


def rows() -> list[dict[str, object]]:
    shape = {"question": "What is 2 + 2?", "choices": ["1", "2", "3", "4"], "answer": 3}
    return [
        {"subject": subject, "split": split, **shape}
        for subject in (*SUBJECTS, "anatomy")
        for split in ("dev", "test", "test")
    ]


def test_five_subjects_of_the_right_split() -> None:
    task = Mmlu(lambda _: rows())
    assert len(task.examples("english", "test", 99, 1)) == 10
    solved = task.examples("english", "train", 99, 1)
    assert {example.id.split("/")[1] for example in solved} == set(SUBJECTS)


def test_rows_of_the_hub_name_no_split() -> None:
    task = Mmlu(lambda _: [{key: value for key, value in row.items() if key != "split"} for row in rows()])
    assert len(task.examples("english", "test", 99, 1)) == 15


def test_a_letter_or_its_words_are_right() -> None:
    task = Mmlu(lambda _: rows())
    example = task.examples("english", "test", 1, 1)[0]
    assert [task.grade(example, text) for text in ("D", " D.", "4", "A", "3")] == [1.0, 1.0, 1.0, 0.0, 0.0]
