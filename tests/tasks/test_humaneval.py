from collections.abc import Callable

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.tasks.humaneval import HumanEval, program_of
from llmlab.tools.python import can_contain, run_python

ROW = {
    "prompt": 'def double(x):\n    """Twice x."""\n',
    "canonical_solution": "    return 2 * x\n",
    "test": "def check(candidate):\n    assert candidate(3) == 6\n    assert candidate(0) == 0\n",
    "entry_point": "double",
}
ANSWERS = {
    "    return 2 * x\n": 1.0,
    "    return x + x": 1.0,
    "    return x + 3\n": 0.0,
    "    raise SystemExit(0)\n": 0.0,
    "    import os; os._exit(0)\n": 0.0,
    "    return (": 0.0,
}


def test_the_program_is_the_function_its_tests_and_the_call() -> None:
    program = program_of(HumanEval().example(0, ROW), "    return 2 * x")
    assert program.startswith('def double(x):\n    """Twice x."""\n    return 2 * x\n')
    assert program.endswith("\ncheck(double)\n")


def test_nothing_is_run_unless_a_runner_is_given(refuses: Callable[..., LabError]) -> None:
    task = HumanEval()
    refuses(["nothing here contains"], task.grade, task.example(0, ROW), "    return 2 * x\n")


@pytest.mark.parametrize("contain", [True, False])
def test_only_what_passes_every_test_is_right(contain: bool) -> None:
    if contain and not can_contain():
        pytest.skip("bubblewrap does not work here")
    task = HumanEval(run=lambda program: run_python(program, contain=contain).finished)
    example = task.example(0, ROW)
    assert {text: task.grade(example, text) for text in ANSWERS} == ANSWERS
