from typing import get_args

from llmlab.tasks.base import MADE
from llmlab.tasks.traced_table import TRACED, TracedName


def test_every_name_has_its_task_and_none_is_a_made_one() -> None:
    assert list(TRACED) == list(get_args(TracedName))
    assert all(task.name == name for name, task in TRACED.items())
    assert not set(TRACED) & set(MADE)
