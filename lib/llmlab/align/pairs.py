"""Preferences as batches: a better and a worse answer to the same prompt, with what the reference thinks of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from llmlab.align.log_probs import frozen_log_probs, rows_of
from llmlab.align.rollouts import Rollout
from llmlab.artifacts.errors import LabError
from llmlab.shards.batches import Batch


class Pair(NamedTuple):
    """Ids of a prompt, of the preferred answer to it and of the other one."""

    prompt: Sequence[int]
    chosen: Sequence[int]
    rejected: Sequence[int]


@dataclass(frozen=True)
class PairBatch(Batch):
    """Rows 0 to P - 1 are the chosen answers of P pairs, rows P to 2P - 1 the rejected ones.

    `reference_2P` are summed log-probabilities by the reference; `weights_P` is 0 for a pair that is none, since two
    answers were worth the same.
    """

    reference_2P: Tensor
    weights_P: Tensor

    @property
    def counted(self) -> int:
        """Pairs that the loss counts; at least one, since a batch without any is no error here."""
        return max(1, int(self.weights_P.count_nonzero()))

    def to(self, device: torch.device) -> "PairBatch":
        """See `Batch.to`."""
        return PairBatch(
            self.ids_BT.to(device),
            self.targets_BT.to(device),
            None,
            self.name,
            self.reference_2P.to(device),
            self.weights_P.to(device),
        )

    def cut(self, rows: int) -> "list[Batch]":
        """The same pairs in batches of at most `rows` pairs."""
        return [self.part(first, first + rows) for first in range(0, len(self.weights_P), rows)]

    def part(self, first: int, stop: int) -> "PairBatch":
        """Pairs `first` to `stop`."""
        pairs = len(self.weights_P)
        chosen = torch.arange(pairs)[first:stop]
        rows = torch.cat((chosen, chosen + pairs))
        return PairBatch(
            self.ids_BT[rows],
            self.targets_BT[rows],
            None,
            self.name,
            self.reference_2P[rows],
            self.weights_P[first:stop],
        )


class PairSource:
    """Pairs that are known beforehand, shuffled each epoch; see `BatchSource`.

    The reference is a model as it is now, most often the very one that is about to be trained: it is asked once, and
    no copy of it is kept.
    """

    def __init__(self, pairs: Sequence[Pair], reference: nn.Module, context: int, seed: int) -> None:
        """Ask the reference about every pair.

        Raises:
            LabError: there is no pair.
        """
        if not pairs:
            raise LabError(
                "no prompt has both a better and a worse answer", "draw more answers, or change the reward's weights"
            )
        self._pairs, self._context, self._seed = pairs, context, seed
        rows = _rows(pairs, context, "reference")
        self._reference = sums(reference, rows).view(2, -1)
        self.judged = rows.ids_BT.numel()
        """Positions that the reference read."""
        self.rows_per_epoch = len(pairs)
        self._epoch = -1
        self._order = np.zeros(0, dtype=np.int64)

    def batch(self, position: int, rows: int) -> PairBatch:
        """See `BatchSource.batch`."""
        chosen = [self._number(row) for row in range(position, position + rows)]
        batch = _rows([self._pairs[number] for number in chosen], self._context, f"pairs {position}-{position + rows}")
        reference = self._reference[:, chosen].flatten()
        return PairBatch(batch.ids_BT, batch.targets_BT, None, batch.name, reference, torch.ones(rows))

    def _number(self, row: int) -> int:
        epoch, index = divmod(row, len(self._pairs))
        if epoch != self._epoch:
            self._order = np.random.Generator(np.random.PCG64([self._seed, epoch])).permutation(len(self._pairs))
            self._epoch = epoch
        return int(self._order[index])


def pairs_from(
    prompts: Sequence[Sequence[int]], rollouts: Sequence[Rollout], group: int, most: int, seed: int
) -> list[Pair]:
    """At most `most` pairs from each `group` answers to one prompt: of the best with the worst, at random.

    A group whose answers are all worth the same gives none.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    pairs = []
    for first in range(0, len(rollouts), group):
        members = rollouts[first : first + group]
        top, bottom = max(each.reward for each in members), min(each.reward for each in members)
        if top > bottom:
            best = random.permutation([place for place, each in enumerate(members) if each.reward == top])
            worst = random.permutation([place for place, each in enumerate(members) if each.reward == bottom])
            prompt = prompts[members[0].problem]
            # There may be more of one sort: the shorter list says how many pairs there are.
            for better, other in list(zip(best, worst, strict=False))[:most]:
                pairs.append(Pair(prompt, members[better].ids, members[other].ids))
    return pairs


def sums(model: nn.Module, batch: Batch) -> Tensor:
    """Summed log-probability of each row's counted ids, (B,), without gradient."""
    return frozen_log_probs(model, batch).sum(dim=1)


def pair_batch(pairs: Sequence[Pair], weights_P: Tensor, reference: nn.Module, context: int, name: str) -> PairBatch:
    """Pairs as one batch, the reference asked now."""
    batch = _rows(pairs, context, name)
    return PairBatch(batch.ids_BT, batch.targets_BT, None, name, sums(reference, batch), weights_P)


def _rows(pairs: Sequence[Pair], context: int, name: str) -> Batch:
    prompts = [pair.prompt for pair in pairs]
    answers = [*(pair.chosen for pair in pairs), *(pair.rejected for pair in pairs)]
    ids_BT, targets_BT = rows_of([*prompts, *prompts], answers, context)
    return Batch(ids_BT, targets_BT, None, name)
