"""Name to task: adding one is a file of its own, a line here and its name in `base`."""

from collections.abc import Mapping, Sequence

from llmlab.tasks.arc import ArcChallenge, ArcEasy
from llmlab.tasks.arithmetic import Arithmetic
from llmlab.tasks.base import Example, Task, TasksConfig
from llmlab.tasks.digits import Digits
from llmlab.tasks.gsm8k import Gsm8k
from llmlab.tasks.hellaswag import HellaSwag
from llmlab.tasks.humaneval import HumanEval, Runner, nothing_run
from llmlab.tasks.lists import Lists
from llmlab.tasks.minimal_pairs import MinimalPairs
from llmlab.tasks.mmlu import Mmlu
from llmlab.tasks.published import Finder, nothing_found
from llmlab.tasks.reasoning import Reasoning
from llmlab.tasks.recall import Recall
from llmlab.tasks.words import Copy, LastWord

_MADE: tuple[Task, ...] = (Arithmetic(), Copy(), LastWord(), Digits(), Recall(), Lists(), Reasoning(), MinimalPairs())
TASKS: dict[str, Task] = {task.name: task for task in _MADE}
"""Tasks that need nothing but themselves."""


def all_tasks(find: Finder = nothing_found, run: Runner = nothing_run) -> dict[str, Task]:
    """Every task, with those whose rows `find` looks for and whose grader runs programs by `run`."""
    published: tuple[Task, ...] = (
        ArcEasy(find),
        ArcChallenge(find),
        Mmlu(find),
        HellaSwag(find),
        Gsm8k(find),
        HumanEval(find, run),
    )
    return {**TASKS, **{task.name: task for task in published}}


def draw_examples(
    names: Sequence[str],
    languages: Sequence[str],
    wanted: str,
    count: int,
    seed: int,
    tasks: Mapping[str, Task] = TASKS,
) -> dict[str, list[Example]]:
    """Examples of one set by task name; a task is asked in those of `languages` that it knows."""
    return {
        name: [
            example
            for lang in tasks[name].languages()
            if lang in languages
            for example in tasks[name].examples(lang, wanted, count, seed)
        ]
        for name in names
    }


def evaluation_sets(
    config: TasksConfig, languages: Sequence[str], seed: int, tasks: Mapping[str, Task] = TASKS
) -> dict[str, list[Example]]:
    """The evaluation set of each task of the config."""
    return draw_examples(config.names, languages, "test", config.examples, seed, tasks)
