"""Tables of the tasks, templates and sets of texts, for docs/EVALUATION.md."""

import inspect
import json
import sys
from collections.abc import Iterable, Sequence

from llmlab.tasks.base import MADE, Task
from llmlab.tasks.published import Published, PublishedTask
from llmlab.tasks.table import TASKS, all_tasks
from llmlab.tasks.templates import TEMPLATES
from llmlab.tasks.text_sets import TEXT_SETS


def made() -> str:
    """A row per made task and language, with its first test question under seed 1."""
    rows = []
    for name in MADE:
        for lang in TASKS[name].languages():
            example = TASKS[name].examples(lang, "test", 1, 1)[0]
            rows.append((f"`{name}`", lang, example.prompt, example.answer))
    return table(("task", "language", "question", "answer"), rows)


def meanings() -> str:
    """A line per task: what the module and the class of it say."""
    return "\n".join(f"- `{name}`: {_said(task)}" for name, task in all_tasks().items())


def published() -> str:
    """A row per published task: kind, where its test questions are, and the usual templates."""
    rows = []
    for name, task in all_tasks().items():
        if isinstance(task, PublishedTask):
            source = task.splits["test"]
            shown = ", ".join(f"`{template}`" for template in task.style.templates)
            rows.append((f"`{name}`", task.kind, *_places(source), ", ".join(sorted(task.splits)), shown))
    return table(("task", "kind", "file (sha256)", "dataset and revision", "splits", "templates"), rows)


def text_sets() -> str:
    """A row per set of texts."""
    rows = [(f"`{item.name}`", item.lang, item.published.name, *_places(item.published)) for item in TEXT_SETS.values()]
    return table(("set", "language", "what", "file (sha256)", "dataset and revision"), rows)


def templates() -> str:
    """A row per template."""
    rows = []
    for template in TEMPLATES.values():
        wordings = dict.fromkeys(template.wording.values())
        answer = "letter" if template.lettered else "words"
        rows.append(
            (f"`{template.name}`", "chat" if template.chat else "text", *map(_code, [" · ".join(wordings)]), answer)
        )
    return table(("template", "for", "wording", "answer"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [tuple(head), ("---",) * len(head), *map(tuple, rows)]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ⏎ ") for cell in line) + " |" for line in lines
    )


def _said(task: Task) -> str:
    module = inspect.cleandoc(sys.modules[type(task).__module__].__doc__ or "").split("\n\n")[0]
    own = inspect.cleandoc(type(task).__doc__ or "").split("\n\n")[0]
    return " ".join(f"{module.rstrip('.')}. {own}".split())


def _places(source: Published) -> tuple[str, str]:
    hub = f"`{source.dataset}` {source.subset} {source.split}, `{source.revision[:12]}`" if source.dataset else "–"
    return f"`{source.sha256[:12]}`", " ".join(hub.split())


def _code(text: str) -> str:
    return f"`{json.dumps(text, ensure_ascii=False)[1:-1]}`" if text else "nothing"
