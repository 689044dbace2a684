import json

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.instruct.base import COLUMNS, InstructConfig, as_row, from_messages, instruction, size


def test_turns_alternate_from_the_user_on() -> None:
    messages = json.loads(instruction("english", "chat", "d", "a", "b", "c", "d").messages)
    assert messages == [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
        {"role": "assistant", "content": "d"},
    ]


def test_the_id_says_what_is_said_and_in_which_language() -> None:
    one = instruction("english", "chat", "d", "a", "b")
    assert one.id == instruction("english", "other", "elsewhere", "a", "b").id
    others = [
        instruction("chinese", "chat", "d", "a", "b"),
        instruction("english", "chat", "d", "a", "B"),
        instruction("english", "chat", "d", "a"),
        from_messages("english", "chat", "d", [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]),
    ]
    assert len({one.id, *(other.id for other in others)}) == 5
    assert len(one.id) == 16


def test_a_row_has_the_columns_in_order_and_only_text() -> None:
    row = as_row(instruction("chinese", "chat", "d", "从前", "有"))
    assert list(row) == COLUMNS
    assert all(isinstance(value, str) for value in row.values())
    assert "从前" in row["messages"]


@pytest.mark.parametrize(
    "values",
    [{"completion": -1}, {"task_names": ["arithmatic"]}, {"max_characters": 0}, {"completions": 3}, {"altered": 1.5}],
)
def test_bad_params_are_refused_by_name(values: dict[str, object]) -> None:
    with pytest.raises(LabError, match=next(iter(values))):
        build(InstructConfig, values, "params.yaml: instruct")


def test_the_size_is_that_of_the_texts_in_utf8_and_three_bytes_a_token() -> None:
    assert size("ab", "从") == 5
    assert size([{"token": "<|fix|>"}, "ab", {"token": "<|hole|>"}, "从"], "") == 11
