import ast

from llmlab.tasks.python_calls import PythonCalls
from llmlab.tasks.traced import LANGUAGES, trace_of


def test_every_program_is_one_call_of_print() -> None:
    seen = set()
    for lang in LANGUAGES:
        for example in PythonCalls().examples(lang, "train", 100, 1):
            (step,) = trace_of(example).steps
            (statement,) = ast.parse(step.argument).body
            assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
            seen.add(step.argument.partition("'")[0])
    assert len(seen) > 3
