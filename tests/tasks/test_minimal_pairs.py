import pytest

from llmlab.tasks.minimal_pairs import MinimalPairs


@pytest.mark.parametrize("lang", MinimalPairs().languages())
def test_a_pair_differs_little_and_the_good_one_stands_at_either_place(lang: str) -> None:
    examples = MinimalPairs().examples(lang, "test", 80, 1)
    assert len(examples) == 80
    first = 0
    for example in examples:
        good, bad = example.answer, example.choices[1 - example.gold]
        assert good != bad
        split = list if lang == "chinese" else str.split
        assert len(split(good)) == len(split(bad))
        assert 1 <= sum(a != b for a, b in zip(split(good), split(bad), strict=True)) <= 2
        first += example.gold == 0
    assert 20 <= first <= 60


def test_a_written_answer_is_marked_too() -> None:
    example = MinimalPairs().examples("english", "test", 1, 1)[0]
    assert MinimalPairs().grade(example, example.answer) == 1.0
    assert MinimalPairs().grade(example, example.choices[1 - example.gold]) == 0.0
