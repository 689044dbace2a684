"""Evaluation prompts and answers against the training sets of this checkout, after `dvc repro instruct`.

    python bench/contamination.py

Prints one JSON object per training set (documents of `split`, conversations of `instruct`) and evaluation set (the
tasks of `data/tasks`, and the test conversations by kind): how many examples there are, how many training documents
hold a piece of one, how many examples stand whole in one, and up to five of the overlaps. Test conversations are made
from documents of their own, so what is found there is everyday code and text that both happen to hold.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from llmlab.artifacts.documents import Document, make_document, read_documents, read_rows
from llmlab.artifacts.params import load_section
from llmlab.corpus.contamination import DecontaminateConfig, Item, find_overlaps, items_of, overlap_row


def conversations(path: Path) -> Iterator[Document]:
    """Training conversations as documents."""
    for row in read_rows(path, "instruct"):
        yield make_document(lang=row["lang"], kind="prose", text=said(row, None), source="instruct", group=row["id"])


def said(row: dict[str, str], role: str | None) -> str:
    return "\n".join(m["content"] for m in json.loads(row["messages"]) if role in (None, m["role"]))


def evaluation_items(data: Path) -> dict[str, list[Item]]:
    """What to look for, by evaluation set."""
    sets: dict[str, list[Item]] = defaultdict(list)
    for path in sorted((data / "tasks").glob("*.parquet")):
        for row in read_rows(path, "tasks"):
            sets[f"task {path.stem}"] += items_of(row["id"], row["prompt"], row["answer"])
    for row in read_rows(data / "instruct/test.parquet", "instruct"):
        sets[f"test {row['kind']}"] += items_of(row["id"], said(row, "user"), said(row, "assistant"))
    return sets


def report(training: Iterable[Document], items: list[Item], config: DecontaminateConfig) -> dict[str, Any]:
    overlaps = list(find_overlaps(training, items, config))
    return {
        "examples": len({item.example for item in items}),
        "documents_with_a_piece": len({overlap.document_id for overlap in overlaps}),
        "examples_whole": len({overlap.item.example for overlap in overlaps if overlap.coverage == 1}),
        "overlaps": [overlap_row(overlap) for overlap in overlaps[:5]],
    }


def main(
    data: Annotated[Path, typer.Option(help="folder of the pipeline's data")] = Path("data"),
    params: Annotated[Path, typer.Option(help="the params file")] = Path("params.yaml"),
) -> None:
    config = load_section(params, "decontaminate", DecontaminateConfig)
    training: dict[str, Callable[[], Iterable[Document]]] = {
        "split": lambda: read_documents(data / "split/train.parquet", "split"),
        "instruct": lambda: conversations(data / "instruct/train.parquet"),
    }
    for name, items in evaluation_items(data).items():
        for train, read in training.items():
            print(
                json.dumps({"evaluation": name, "training": train, **report(read(), items, config)}, ensure_ascii=False)
            )


if __name__ == "__main__":
    typer.run(main)
