"""Exact-match tasks and the loss on held-out instructions: what fine-tuning is for."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from llmlab.artifacts.documents import read_rows
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.metrics import rounded
from llmlab.evals.subject import Subject
from llmlab.evals.writing import answers
from llmlab.model.transformer import Transformer
from llmlab.shards.batches import IGNORE
from llmlab.shards.chat import all_batches, chat_source
from llmlab.tasks.base import Example, exact_match, from_row
from llmlab.train.losses import next_token_loss

_ROWS = 8


def tasks(subject: Subject, tasks_folder: Path, instruct: Path) -> dict[str, Any]:
    """Exact match of the chat and the base model by task and language, likeliest answer.

    The cheap baseline always gives the commonest training answer of that task and language; the ceiling is 1.
    """
    common = _commonest(instruct / "train.parquet")
    groups: dict[str, list[Example]] = {}
    for path in sorted(tasks_folder.glob("*.parquet")):
        for row in read_rows(path, "tasks"):
            groups.setdefault(f"{row['task']}/{row['lang']}", []).append(from_row(row))
    report: dict[str, Any] = {}
    for name, group in groups.items():
        lang, questions = group[0].lang, [example.prompt for example in group]
        longest = max(len(subject.tokenizer.encode(example.answer)) for example in group) + 4
        shares = {
            who: _hits(group, answers(model, subject.tokenizer, lang, questions, longest))
            for who, model in {"chat": subject.chat, "base": subject.base}.items()
        }
        cheap = _hits(group, [common.get(name, "")] * len(group))
        report[name] = {"examples": len(group), **shares, "commonest": cheap, "ceiling": 1.0}
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
        counts.setdefault(f"{row['kind']}/{row['lang']}", Counter())[answer] += 1
    return {name: counter.most_common(1)[0][0] for name, counter in counts.items()}


def _hits(group: Sequence[Example], written: Sequence[str]) -> float:
    right = sum(exact_match(example.answer, answer) for example, answer in zip(group, written, strict=True))
    return round(right / len(group), 4)
