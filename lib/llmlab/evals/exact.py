"""Exact-match tasks and the loss on held-out instructions: what fine-tuning is for."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from llmlab.artifacts.documents import read_rows
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.metrics import rounded
from llmlab.evals.choice import choose
from llmlab.evals.subject import Subject
from llmlab.evals.trained import Trained
from llmlab.evals.writing import answers
from llmlab.model.transformer import Transformer
from llmlab.shards.batches import IGNORE
from llmlab.shards.chat import all_batches, chat_source
from llmlab.tasks.base import Example, Task, from_row
from llmlab.tasks.table import all_tasks
from llmlab.tasks.templates import TEMPLATES, render
from llmlab.tools.python import run_python
from llmlab.train.losses import next_token_loss

_ROWS = 8


def tasks(subject: Subject, tasks_folder: Path, instruct: Path) -> dict[str, Any]:
    """How right the chat and the base model are by task and language: likeliest answer, or likeliest choice.

    The cheap baseline always gives the commonest training answer of that task and language, or guesses among the
    choices; the ceiling is 1.
    """
    table = all_tasks(run=lambda program: run_python(program).finished)
    common = _commonest(instruct / "train.parquet")
    groups: dict[str, list[Example]] = {}
    for path in sorted(tasks_folder.glob("*.parquet")):
        for row in read_rows(path, "tasks"):
            groups.setdefault(f"{row['task']}/{row['lang']}", []).append(from_row(row))
    report: dict[str, Any] = {}
    for name, group in groups.items():
        task = table[group[0].task]
        shares = (_choices if task.kind == "choose" else _writings)(subject, task, group, common.get(name, ""))
        report[name] = {"examples": len(group), **shares, "ceiling": 1.0}
    return report


def instructions(subject: Subject, adapted: Mapping[str, Transformer], instruct: Path) -> dict[str, Any]:
    """Loss in nats per assistant token on held-out examples by kind: base, chat and every adapter."""
    kinds: dict[str, list[Mapping[str, str]]] = {}
    for row in read_rows(instruct / "test.parquet", "instruct"):
        kinds.setdefault(row["kind"], []).append(row)
    models = {
        "base": subject.base,
        "chat": subject.chat,
        **{f"adapter {name}": model for name, model in adapted.items()},
    }
    return {
        name: {kind: _loss(subject, model, rows) for kind, rows in sorted(kinds.items())}
        for name, model in models.items()
    }


@torch.no_grad()
def _loss(subject: Subject, model: Transformer, rows: Sequence[Mapping[str, str]]) -> float:
    """The mean over counted tokens; NaN when no example of the kind fits the context."""
    try:
        source = chat_source(subject.tokenizer, rows, model.config.context, 0)
    except LabError:
        return math.nan
    device = model.embedding.weight.device
    batches = [batch.to(device) for batch in all_batches(source, _ROWS)]
    total = sum(next_token_loss(model, batch).item() for batch in batches)
    return rounded(total / sum(int((batch.targets_BT != IGNORE).sum()) for batch in batches), 4)


def _commonest(path: Path) -> dict[str, str]:
    """The commonest answer by `<kind>/<language>` of one-turn training examples."""
    counts: dict[str, Counter[str]] = {}
    for row in read_rows(path, "instruct"):
        answer = json.loads(row["messages"])[-1]["content"]
        if isinstance(answer, str):  # one with calls in it is no task's
            counts.setdefault(f"{row['kind']}/{row['lang']}", Counter())[answer] += 1
    return {name: counter.most_common(1)[0][0] for name, counter in counts.items()}


def _writings(subject: Subject, task: Task, group: Sequence[Example], common: str) -> dict[str, float]:
    lang, questions = group[0].lang, [example.prompt for example in group]
    longest = max(len(subject.tokenizer.encode(example.answer)) for example in group) + 4
    shares = {
        who: _graded(task, group, answers(model, subject.tokenizer, lang, questions, longest))
        for who, model in {"chat": subject.chat, "base": subject.base}.items()
    }
    return {**shares, "commonest": _graded(task, group, [common] * len(group))}


def _choices(subject: Subject, task: Task, group: Sequence[Example], _: str) -> dict[str, float]:
    shares = {}
    for who, model, names in (
        ("chat", subject.chat, task.style.chat),
        ("base", subject.base, task.style.templates),
    ):
        prompts = [render(TEMPLATES[names[0]], example) for example in group]
        chosen = choose(Trained(model, subject.tokenizer, chats=who == "chat"), group, prompts)
        shares[who] = round(fmean(chosen.plain), 4)
    return {**shares, "commonest": round(fmean(chosen.chance), 4)}


def _graded(task: Task, group: Sequence[Example], written: Sequence[str]) -> float:
    return round(fmean(task.grade(example, text) for example, text in zip(group, written, strict=True)), 4)
