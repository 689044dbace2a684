"""Tables of the tools and of the tasks that call them, for docs/TOOLS.md."""

import inspect

from task_table import table

from llmlab.tasks.traced import LANGUAGES, trace_of
from llmlab.tasks.traced_table import TRACED
from llmlab.tokenizer.special import call_tokens
from llmlab.tools.table import TOOL_NAMES, make_tools


def tools() -> str:
    """A row per tool: its tags, and what the first line of its file says."""
    rows = []
    for name, tool in make_tools(TOOL_NAMES, ["a text"]).items():
        module = inspect.getmodule(type(tool))
        first = (inspect.getdoc(module) or "").partition("\n\n")[0].replace("\n", " ")
        opening, closing = call_tokens(name)
        rows.append((f"`{name}`", f"`{opening}…{closing}`", first))
    return table(("tool", "tags", "what it is"), rows)


def traces() -> str:
    """A row per task and language: its first test question under seed 1, with calls, results and answer."""
    rows = []
    for name, task in TRACED.items():
        for lang in LANGUAGES:
            (example,) = task.examples(lang, "test", 1, 1)
            steps = trace_of(example).steps
            called = "; ".join(f"`{step.tool}` {step.argument} → {step.result}" for step in steps)
            rows.append((f"`{name}`", *(text.replace("|", "\\|") for text in (example.prompt, called, example.answer))))
    return table(("task", "question", "calls and results", "answer"), rows)
