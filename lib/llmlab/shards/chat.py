"""Chats to rows for supervised fine-tuning: the loss counts the assistant's tokens only."""

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np

from llmlab.artifacts.documents import read_rows
from llmlab.artifacts.errors import LabError
from llmlab.shards.batches import Batch, PackedSource
from llmlab.tokenizer.base import Tokenizer
from llmlab.tokenizer.chat import encode_chat
from llmlab.tokenizer.special import PAD

# Rounding that is right on average, at a half the first time.
_HALF = 0.5


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
    tokenizer: Tokenizer,
    instruct: Path,
    kinds: Collection[str],
    context: int,
    seed: int,
    weights: Mapping[str, float] = MappingProxyType({}),
) -> tuple[PackedSource, PackedSource]:
    """Training and validation source from the folder that `instruct` writes; no `kinds` means all of them.

    `weights` says how often the training examples of a kind are read while those of others are read once; validation is
    on each once, whatever their weight.

    Raises:
        LabError: a weight of a kind that no training example has; or as `chat_source`.
    """
    sources = []
    for name in ("train", "val"):
        rows = read_rows(instruct / f"{name}.parquet", "instruct")
        wanted = (row for row in rows if not kinds or row["kind"] in kinds)
        sources.append(chat_source(tokenizer, weighted(wanted, weights if name == "train" else {}), context, seed))
    return sources[0], sources[1]


def weighted(examples: Iterable[Mapping[str, str]], weights: Mapping[str, float]) -> Iterator[Mapping[str, str]]:
    """Each example as often as the weight of its kind says, 1 where none does; of a fraction, an even part of the kind.

    Raises:
        LabError: a weight of a kind that no example has.
    """
    seen: Counter[str] = Counter()
    for example in examples:
        kind = example["kind"]
        weight = weights.get(kind, 1.0)
        before, after = (math.floor(weight * number + _HALF) for number in (seen[kind], seen[kind] + 1))
        seen[kind] += 1
        yield from [example] * (after - before)
    strangers = sorted(set(weights) - set(seen))
    if strangers:
        raise LabError(
            f"`weights` names {strangers[0]}, but the examples are of {', '.join(sorted(seen)) or 'no kind'}",
            "correct `sft.weights` in params.yaml; metrics/instruct.json counts the kinds",
        )


def all_batches(source: PackedSource, rows: int) -> list[Batch]:
    """Every row of a source once, for validation."""
    return [
        source.batch(first, min(rows, source.rows_per_epoch - first)) for first in range(0, source.rows_per_epoch, rows)
    ]
