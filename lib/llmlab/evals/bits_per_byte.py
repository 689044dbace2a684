"""Bits per byte and perplexity, per language: the loss that compares across tokenizers.

bits per byte = (sum of -ln p over the tokens of a text) / (ln 2 x its UTF-8 bytes). The opening tokens (begin, language
tag) are given, not predicted; the end token is predicted and counted.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from llmlab.model.transformer import Transformer
from llmlab.runtime.precision import autocast
from llmlab.shards.batches import IGNORE, Batch
from llmlab.shards.format import Shard
from llmlab.train.losses import token_losses

OPENING = 2
_ROWS = 8


@dataclass(frozen=True)
class Scored:
    """Summed negative log-likelihood in nats, counted tokens and bytes of each document, (M,) each."""

    nats: np.ndarray
    tokens: np.ndarray
    text_bytes: np.ndarray
    languages: list[str]

    def of(self, lang: str | None) -> "Scored":
        """The documents of one language; None: all."""
        if lang is None:
            return self
        return self.among(
            np.array([place for place, name in enumerate(self.languages) if name == lang], dtype=np.int64)
        )

    def among(self, places: np.ndarray) -> "Scored":
        """The documents of those numbers; a number may come twice."""
        languages = [self.languages[place] for place in places]
        return Scored(self.nats[places], self.tokens[places], self.text_bytes[places], languages)

    def bits_per_byte(self) -> float:
        """Bits per byte of all documents together; NaN without any."""
        return float(self.nats.sum() / (math.log(2) * self.text_bytes.sum())) if len(self.nats) else math.nan

    def perplexity(self) -> float:
        """exp of the mean loss per token: comparable only at equal tokenizers."""
        return float(np.exp(self.nats.sum() / self.tokens.sum())) if len(self.nats) else math.nan


def score_model(model: Transformer, shard: Shard, dtype: torch.dtype = torch.float32) -> Scored:
    """Score every document of a shard with rows of `context` that overlap by half.

    Each token is counted once, in the row where it has the most context (at least half a row, except at a document's
    start): the strided evaluation of Press et al. 2021 (arXiv 2012.15832, section 2).
    """
    nats = np.zeros(len(shard.starts))
    tokens = np.zeros(len(shard.starts), dtype=np.int64)
    device = model.embedding.weight.device
    windows = sorted(_windows(shard, model.config.context), key=lambda window: window[2] - window[1])
    for first in range(0, len(windows), _ROWS):
        group = windows[first : first + _ROWS]
        batch = _batch(shard, group).to(device)
        with autocast(dtype, device):
            losses_BT = token_losses(model, batch)
        sums, counts = losses_BT.double().sum(dim=1).tolist(), (batch.targets_BT != IGNORE).sum(dim=1).tolist()
        for (document, _, _, _), value, count in zip(group, sums, counts, strict=True):
            nats[document] += value
            tokens[document] += count
    return Scored(nats, tokens, shard.text_bytes, shard.languages)


def scored_from(log_probabilities: Sequence[np.ndarray], shard: Shard) -> Scored:
    """The same for a model that gives natural logs per id of each document (an n-gram)."""
    nats = np.array([-values[OPENING:].sum() for values in log_probabilities])
    tokens = np.array([max(0, len(values) - OPENING) for values in log_probabilities])
    return Scored(nats, tokens, shard.text_bytes, shard.languages)


def windows(length: int, context: int, given: int) -> Iterator[tuple[int, int, int]]:
    """`(start, stop, first counted target)` of rows that overlap by half, over ids of which the first are `given`."""
    counted = given
    start = 0
    while counted < length:
        stop = min(start + context + 1, length)
        yield start, stop, counted
        counted = stop
        start = max(0, stop - 1 - context // 2)


def _windows(shard: Shard, context: int) -> Iterator[tuple[int, int, int, int]]:
    """The same with the document's number before."""
    for document in range(len(shard.starts)):
        for window in windows(len(shard.document(document)), context, OPENING):
            yield document, *window


def _batch(shard: Shard, group: list[tuple[int, int, int, int]]) -> Batch:
    longest = max(stop - start for _, start, stop, _ in group) - 1
    ids = torch.zeros(len(group), longest, dtype=torch.long)
    targets = torch.full((len(group), longest), IGNORE)
    for row, (document, start, stop, counted) in enumerate(group):
        piece = torch.from_numpy(shard.document(document)[start:stop].astype(np.int64))
        ids[row, : len(piece) - 1] = piece[:-1]
        targets[row, counted - start - 1 : len(piece) - 1] = piece[counted - start :]
    # Padding stands on the right, where causal attention keeps it from anything that counts.
    return Batch(ids, targets, None, f"test rows of {len(group)} windows")
