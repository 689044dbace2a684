"""Chats to rows for supervised fine-tuning: the loss counts the assistant's tokens only."""

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import numpy as np

from llmlab.artifacts.documents import read_rows
from llmlab.artifacts.errors import LabError
from llmlab.shards.batches import Batch, PackedSource
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.chat import encode_chat
from llmlab.tokenizer.special import PAD


def chat_source(tokenizer: Tokenizer, examples: Iterable[Mapping[str, str]], context: int, seed: int) -> PackedSource:
    """Rows of whole conversations; one longer than a row is left out, since its end would be cut off.

    Args:
        tokenizer: with tags for the examples' languages.
        examples: rows with `lang` and `messages` (JSON).
        context: T.
        seed: of the order of rows.

    Raises:
        LabError: no example is short enough.
    """
    documents: list[np.ndarray] = []
    masks: list[np.ndarray] = []
    seen = 0
    for example in examples:
        seen += 1
        ids, mask = encode_chat(tokenizer, example["lang"], json.loads(example["messages"]))
        if len(ids) <= context + 1 and any(mask):
            documents.append(np.asarray(ids))
            masks.append(np.asarray(mask))
    if not seen:
        raise LabError(
            "there is no example of the wanted kinds", "see metrics/instruct.json; change `kinds`, or add text"
        )
    if not documents:
        raise LabError(
            f"none of {seen} examples fits into {context} tokens", "raise `model.context`, or see metrics/instruct.json"
        )
    if len(documents) < seen:
        print(f"{seen - len(documents)} of {seen} examples are left out: longer than {context} tokens, or no answer")
    return PackedSource(documents, masks, context, seed, tokenizer.special[PAD])


def chat_sources(
    tokenizer: Tokenizer, instruct: Path, kinds: Collection[str], context: int, seed: int
) -> tuple[PackedSource, PackedSource]:
    """Training and validation source from the folder that `instruct` writes; no `kinds` means all of them."""
    sources = []
    for name in ("train", "val"):
        rows = read_rows(instruct / f"{name}.parquet", "instruct")
        wanted = (row for row in rows if not kinds or row["kind"] in kinds)
        sources.append(chat_source(tokenizer, wanted, context, seed))
    return sources[0], sources[1]


def all_batches(source: PackedSource, rows: int) -> list[Batch]:
    """Every row of a source once, for validation."""
    return [
        source.batch(first, min(rows, source.rows_per_epoch - first)) for first in range(0, source.rows_per_epoch, rows)
    ]
