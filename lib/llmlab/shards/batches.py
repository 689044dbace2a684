"""Batches with a position that can be saved: row n of the training order is a function of seed and n alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from llmlab.artifacts.errors import LabError
from llmlab.shards.format import Shard
from llmlab.shards.mix import PassesPerEpoch
from llmlab.shards.pack import pack_best_fit

IGNORE = -100


@dataclass(frozen=True)
class Batch:
    """Rows to learn from.

    `ids_BT` are inputs, `targets_BT` the ids that follow, `IGNORE` where the loss does not count;
    `documents_BT` numbers documents within a row (see `Transformer.forward`) or is None; `name` says which rows.
    """

    ids_BT: Tensor
    targets_BT: Tensor
    documents_BT: Tensor | None
    name: str

    @property
    def counted(self) -> int:
        """Targets that the loss counts."""
        return int((self.targets_BT != IGNORE).sum())

    def to(self, device: torch.device) -> "Batch":
        """The same batch on a device."""
        documents = None if self.documents_BT is None else self.documents_BT.to(device)
        return Batch(self.ids_BT.to(device), self.targets_BT.to(device), documents, self.name)

    def cut(self, rows: int) -> "list[Batch]":
        """The same rows in batches of at most `rows`."""
        pieces = []
        for first in range(0, len(self.ids_BT), rows):
            part = slice(first, first + rows)
            documents = None if self.documents_BT is None else self.documents_BT[part]
            pieces.append(Batch(self.ids_BT[part], self.targets_BT[part], documents, self.name))
        return pieces

    def blank(self) -> "Batch":
        """The same ids with no target that counts."""
        return replace(self, targets_BT=torch.full_like(self.targets_BT, IGNORE))

    def filled(self, rows: int) -> "Batch":
        """A batch of `rows` rows: these, and below them copies of the last one of which no target counts."""
        missing = rows - len(self.ids_BT)
        if missing == 0:
            return self
        below = self.cut(1)[-1].blank()
        ids, targets = (
            torch.cat((own, last.expand(missing, -1)))
            for own, last in ((self.ids_BT, below.ids_BT), (self.targets_BT, below.targets_BT))
        )
        documents = self.documents_BT
        if documents is not None:
            documents = torch.cat((documents, documents[-1:].expand(missing, -1)))
        return Batch(ids, targets, documents, self.name)


class BatchSource(Protocol):
    """Where the training loop gets its batches: the way in for packing, replay, chats, rollouts."""

    def batch(self, position: int, rows: int) -> Batch:
        """Rows `position` to `position + rows` of the endless training order."""
        ...

    @property
    def rows_per_epoch(self) -> int:
        """How many rows make one pass over the data."""
        ...


@runtime_checkable
class RememberingSource(BatchSource, Protocol):
    """A source whose rows are not a function of position alone, such as what an earlier state of the model wrote.

    What it holds is part of every checkpoint, so that a run that was killed goes on with the same rows.
    """

    def held(self) -> dict[str, Tensor]:
        """All that its next rows depend on, beside position and model."""
        ...

    def hold(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `held` returned."""
        ...


class StreamSource:
    """Documents end to end, cut into rows of T at a phase that changes each epoch, rows shuffled.

    The phase makes the cuts fall elsewhere each time, so that no token is always at a row's start. `passes`: see
    `PassesPerEpoch`.
    """

    def __init__(
        self, shard: Shard, context: int, seed: int, mask_documents: bool, passes: Mapping[str, float] | None = None
    ) -> None:
        if len(shard.ids) < 2 * context + 1:
            raise LabError(
                f"the training set has {len(shard.ids)} tokens, too few for rows of {context}",
                "add text, or lower `model.context` in params.yaml",
            )
        self._shard, self._context, self._seed, self._mask = shard, context, seed, mask_documents
        self._distinct = (len(shard.ids) - 1) // context - 1
        self._mix = PassesPerEpoch(shard, context, self._distinct, passes) if passes else None
        self.rows_per_epoch = self._mix.total if self._mix else self._distinct
        self._epoch = -1
        self._starts = np.zeros(0, dtype=np.int64)

    def batch(self, position: int, rows: int) -> Batch:
        """See `BatchSource.batch`."""
        starts = np.array([self._row_start(row) for row in range(position, position + rows)])
        where = starts[:, None] + np.arange(self._context + 1)
        ids = torch.from_numpy(self._shard.ids[where].astype(np.int64))
        documents = None
        if self._mask:
            numbers = np.searchsorted(self._shard.starts, where[:, :-1], side="right")
            documents = torch.from_numpy(numbers)
        targets = ids[:, 1:].clone()
        if self._mask:
            # The first id of a document is not a continuation of the one before.
            targets[torch.from_numpy(np.isin(where[:, 1:], self._shard.starts))] = IGNORE
        return Batch(ids[:, :-1], targets, documents, f"rows {position}-{position + rows - 1}")

    def _row_start(self, row: int) -> int:
        epoch, index = divmod(row, self.rows_per_epoch)
        if epoch != self._epoch:
            order = np.random.Generator(np.random.PCG64([self._seed, epoch]))
            # Any phase at which the last row still ends inside, so that every epoch may reach the last token.
            phase = int(order.integers(len(self._shard.ids) - self._context * self._distinct))
            rows = self._mix.draw(order) if self._mix else self._distinct
            self._starts = phase + self._context * order.permutation(rows)
            self._epoch = epoch
        return int(self._starts[index])


class PackedSource:
    """Whole documents packed into rows (best fit), no attention across them, rows shuffled each epoch.

    Also the source for chats: `masks` says per document which ids the loss counts.
    """

    def __init__(
        self, documents: list[np.ndarray], masks: list[np.ndarray] | None, context: int, seed: int, pad: int
    ) -> None:
        if not documents:
            raise LabError(
                "there is nothing to train on: no document, or no example", "look at the metrics of the stage before"
            )
        self._documents, self._masks = documents, masks
        self._context, self._seed, self._pad = context, seed, pad
        self._rows = pack_best_fit([len(ids) for ids in documents], context + 1)
        self.rows_per_epoch = len(self._rows)
        self._epoch = -1
        self._order = np.zeros(0, dtype=np.int64)

    def batch(self, position: int, rows: int) -> Batch:
        """See `BatchSource.batch`."""
        chosen = [self._row(number) for number in range(position, position + rows)]
        ids, targets, numbers = (torch.from_numpy(np.stack(part)) for part in zip(*chosen, strict=True))
        return Batch(ids, targets, numbers, f"rows {position}-{position + rows - 1}")

    def _row(self, row: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        epoch, index = divmod(row, self.rows_per_epoch)
        if epoch != self._epoch:
            self._order = np.random.Generator(np.random.PCG64([self._seed, epoch])).permutation(self.rows_per_epoch)
            self._epoch = epoch
        ids = np.full(self._context, self._pad, dtype=np.int64)
        targets = np.full(self._context, IGNORE, dtype=np.int64)
        numbers = np.full(self._context, -1, dtype=np.int64)
        place = 0
        for number, (document, start, stop) in enumerate(self._rows[self._order[index]]):
            piece = self._documents[document][start:stop].astype(np.int64)
            size = len(piece) - 1
            ids[place : place + size] = piece[:-1]
            numbers[place : place + size] = number
            target = piece[1:].copy()
            if self._masks is not None:
                target[~self._masks[document][start + 1 : stop]] = IGNORE
            targets[place : place + size] = target
            place += size
        return ids, targets, numbers


def evaluation_batches(shard: Shard, context: int, rows: int, mask_documents: bool) -> list[Batch]:
    """The whole set once, in non-overlapping rows of `context`, every target counted exactly once.

    The last row is padded with ignored targets; with `mask_documents` the first id of a document is not counted.
    """
    total = len(shard.ids) - 1
    batches = []
    for first in range(0, total, rows * context):
        where = first + np.arange(rows * context)
        inside = where < total
        where = np.minimum(where, total - 1)
        ids = torch.from_numpy(shard.ids[where].astype(np.int64)).view(rows, context)
        targets = torch.from_numpy(shard.ids[where + 1].astype(np.int64))
        targets[torch.from_numpy(~inside)] = IGNORE
        documents = None
        if mask_documents:
            targets[torch.from_numpy(np.isin(where + 1, shard.starts))] = IGNORE
            documents = torch.from_numpy(np.searchsorted(shard.starts, where, side="right")).view(rows, context)
        keep = int(np.ceil(inside.sum() / context))
        targets = targets.view(rows, context)
        kept = None if documents is None else documents[:keep]
        batches.append(Batch(ids[:keep], targets[:keep], kept, f"tokens {first}-{first + rows * context - 1}"))
    return batches
