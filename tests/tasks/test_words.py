from collections import Counter

import pytest

from llmlab.tasks.words import Copy, LastWord

JOIN = {"english": " ", "chinese": "、"}
BORDERS = {
    Copy: {"english": ("Repeat these words: ", ""), "chinese": ("请重复这些词：", "")},
    LastWord: {"english": ("What is the last word here: ", "?"), "chinese": ("下面最后一个词是什么：", "？")},
}
LENGTHS = {Copy: {2, 3, 4}, LastWord: {3, 4, 5, 6}}


def words_of(kind: type[Copy] | type[LastWord], lang: str, question: str) -> list[str]:
    before, after = BORDERS[kind][lang]
    assert question.startswith(before)
    assert question.endswith(after)
    return question.removeprefix(before).removesuffix(after).split(JOIN[lang])


@pytest.mark.parametrize("lang", sorted(JOIN))
@pytest.mark.parametrize("kind", [Copy, LastWord])
def test_answers_are_right(kind: type[Copy] | type[LastWord], lang: str) -> None:
    """Read off the question again; words of one question are different ones."""
    lengths: Counter[int] = Counter()
    for index in range(300):
        question, answer = kind().draw(lang, 1, index)
        words = words_of(kind, lang, question)
        assert answer == (JOIN[lang].join(words) if kind is Copy else words[-1])
        assert len(set(words)) == len(words)
        lengths[len(words)] += 1
    assert set(lengths) == LENGTHS[kind]
    assert min(lengths.values()) > 30


@pytest.mark.parametrize("kind", [Copy, LastWord])
def test_a_draw_is_fixed_by_seed_language_and_number(kind: type[Copy] | type[LastWord]) -> None:
    draws = [[kind().draw("chinese", seed, index) for index in range(50)] for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_the_two_tasks_do_not_ask_about_the_same_words() -> None:
    pairs = [(Copy().draw("english", 1, index)[1], LastWord().draw("english", 1, index)[0]) for index in range(50)]
    assert sum(copied in question for copied, question in pairs) < 10


def test_languages_are_those_that_can_be_drawn() -> None:
    assert set(Copy().languages()) == set(LastWord().languages()) == set(JOIN)
