"""How clean the evaluation sets are of training text, task by task: what was found, what was dropped, what is left."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from llmlab.artifacts.documents import Document, read_rows
from llmlab.corpus.contamination import DecontaminateConfig, find_overlaps, items_of

Report = dict[str, Any]


def contamination(
    tasks: Path, decontaminated: Path, instruct: Path, training: Iterable[Document], config: DecontaminateConfig
) -> Report:
    """Per `<task>/<language>`: examples, and how many of them the texts at hand give away.

    `dropped`: documents that stage `decontaminate` took out for the task; `examples_touched` and `examples_whole`: of
    its examples, those with a piece (all) of them in such a document. `left`: training documents that still hold a
    piece, 0 when everything is in order; `as_instruction`: examples that stand word for word among the training
    conversations.
    """
    rows = [row for path in sorted(tasks.glob("*.parquet")) for row in read_rows(path, "tasks")]
    names = {row["id"]: f"{row['task']}/{row['lang']}" for row in rows}
    overlaps = list(read_rows(decontaminated / "overlaps.parquet", "decontaminate"))
    items = [item for row in rows for item in items_of(row["id"], row["prompt"], row["answer"])]
    # What is left is looked for even where removing it was switched off.
    looked_for = config if config.enabled else DecontaminateConfig()
    left = [names[overlap.item.example] for overlap in find_overlaps(training, items, looked_for)]
    told = _conversations(instruct / "train.parquet")
    report: Report = {}
    for name in dict.fromkeys(names.values()):
        of_task = [row for row in overlaps if names.get(row["example"]) == name]
        report[name] = {
            "examples": sum(found == name for found in names.values()),
            "dropped": len({row["id"] for row in of_task}),
            "examples_touched": len({row["example"] for row in of_task}),
            "examples_whole": len({row["example"] for row in of_task if float(row["coverage"]) >= 1}),
            "left": left.count(name),
            "as_instruction": sum((row["prompt"], row["answer"]) in told for row in rows if names[row["id"]] == name),
        }
    return report


def _conversations(path: Path) -> set[tuple[str, str]]:
    """Question and answer of every one-turn training conversation; those that hold special tokens are no task's."""
    found: set[tuple[str, str]] = set()
    for row in read_rows(path, "instruct"):
        contents = [message["content"] for message in json.loads(row["messages"])]
        if all(isinstance(content, str) for content in contents):
            found.add((contents[-2] if len(contents) > 1 else "", contents[-1]))
    return found
