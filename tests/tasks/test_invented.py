import random

from llmlab.tasks.invented import person, word


def test_words_can_be_spoken_and_hardly_repeat() -> None:
    rng = random.Random(1)
    made = [word(rng) for _ in range(500)]
    assert all(each.isascii() and each.isalpha() and each.islower() for each in made)
    assert len(set(made)) > 450


def test_names_are_of_their_language() -> None:
    rng = random.Random(1)
    assert person("english", rng).istitle()
    assert len(person("chinese", rng)) == 3
