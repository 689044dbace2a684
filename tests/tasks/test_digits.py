import re

import pytest

from llmlab.tasks.digits import Digits


@pytest.mark.parametrize("lang", Digits().languages())
def test_the_sum_is_written_from_the_ones_up(lang: str) -> None:
    lengths = set()
    for index in range(300):
        question, answer = Digits().draw(lang, 1, index)
        found = re.search(r"([0-9 ]+) \+ ([0-9 ]+)$", question)
        assert found is not None, question
        a, b = (int(part.replace(" ", "")) for part in found.groups())
        assert int(answer.replace(" ", "")[::-1]) == a + b
        assert set(answer[1::2]) <= {" "}
        lengths |= {len(str(a)), len(str(b))}
    assert lengths == {1, 2, 3, 4}
