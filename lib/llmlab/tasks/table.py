"""Name to task: adding one is a file of its own, a line here and its name in `TaskName`."""

from collections.abc import Sequence

from llmlab.tasks.arithmetic import Arithmetic
from llmlab.tasks.base import Example, Task, TasksConfig
from llmlab.tasks.words import Copy, LastWord

TASKS: dict[str, Task] = {task.name: task for task in (Arithmetic(), Copy(), LastWord())}


def draw_examples(
    names: Sequence[str], languages: Sequence[str], wanted: str, count: int, seed: int
) -> dict[str, list[Example]]:
    """Examples of one set by task name; a task is asked in those of `languages` that it knows."""
    return {
        name: [
            example
            for lang in TASKS[name].languages()
            if lang in languages
            for example in TASKS[name].examples(lang, wanted, count, seed)
        ]
        for name in names
    }


def evaluation_sets(config: TasksConfig, languages: Sequence[str], seed: int) -> dict[str, list[Example]]:
    """The evaluation set of each task of the config."""
    return draw_examples(config.names, languages, "test", config.examples, seed)
