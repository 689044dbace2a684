import pytest

from llmlab.tasks.recall import Recall


def test_the_answer_is_what_that_person_was_said_to_have() -> None:
    for index in range(200):
        question, answer = Recall().draw("english", 1, index)
        *told, asked = question.removesuffix("?").split(". ")
        name = asked.removeprefix("What does ").removesuffix(" have")
        assert f"{name} has {answer}" in told
        assert sum(part.startswith(f"{name} ") for part in told) == 1


@pytest.mark.parametrize(("lang", "says"), [("english", "{} has {}."), ("chinese", "{}有{}。")])
def test_the_place_of_the_answer_gives_nothing_away(lang: str, says: str) -> None:
    """The first and the last thing are asked for about as often, one time in some three."""
    places = []
    for index in range(400):
        question, answer = Recall().draw(lang, 2, index)
        told = question.split(says.format("|", "|").split("|")[-1])[:-1]
        places.append(next(place for place, part in enumerate(told) if part.endswith(answer)) / max(1, len(told) - 1))
    assert 0.2 < places.count(0.0) / 400 < 0.45
    assert 0.2 < places.count(1.0) / 400 < 0.45
