import re

import pytest

from llmlab.tasks.lists import Lists

WORK = {
    ("Sort", "从小到大"): sorted,
    ("Reverse", "倒过来"): lambda items: items[::-1],
    ("largest", "最大"): lambda items: [max(items)],
    ("How many", "几个数"): lambda items: [str(len(items))],
}


@pytest.mark.parametrize("lang", Lists().languages())
def test_answers_worked_out_again(lang: str) -> None:
    done = set()
    for index in range(200):
        question, answer = Lists().draw(lang, 1, index)
        items = re.findall(r"[0-9]", question)
        words, work = next((words, work) for words, work in WORK.items() if any(word in question for word in words))
        assert answer == " ".join(work(items))
        assert len(set(items)) == len(items) >= 3
        done.add(words)
    assert done == set(WORK)
