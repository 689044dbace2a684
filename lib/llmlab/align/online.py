"""The batch source of online preference learning: pairs made of what the policy under training writes now."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from llmlab.align.pairs import Pair, PairBatch, pair_batch
from llmlab.align.rollouts import Rollout
from llmlab.align.rounds import Drawing, Rounds
from llmlab.model.transformer import Transformer


class OnlinePairSource:
    """See `RememberingSource`: of some answers to a prompt the best and the worst (Guo et al. 2024, arXiv 2402.04792).

    A row is a pair. One whose answers are worth the same is there and has weight 0.
    """

    def __init__(self, model: Transformer, drawing: Drawing, rows: int, reference: nn.Module) -> None:
        """Draw from `model`, which is the one under training; `reference` is a frozen copy of what it was."""
        self._model, self._drawing, self._rows, self._reference = model, drawing, rows, reference
        self.rounds = Rounds(model, drawing, rows * drawing.size)
        self.rows_per_epoch = len(drawing.problems.prompts)
        self._number = -1
        self._batch: PairBatch | None = None

    def batch(self, position: int, rows: int) -> PairBatch:
        """See `BatchSource.batch`."""
        number, first = divmod(position, self._rows)
        if self._batch is None or number != self._number:
            self._batch, self._number = self._drawn(number), number
        return self._batch.part(first, first + rows)

    def _drawn(self, number: int) -> PairBatch:
        rollouts, size = self.rounds.draw(number), self._drawing.size
        found = [self._pair(rollouts[first : first + size]) for first in range(0, len(rollouts), size)]
        weights_P = torch.tensor([weight for _, weight in found])
        pairs = [pair for pair, _ in found]
        context = self._model.config.context
        batch = pair_batch(pairs, weights_P, self._reference, context, f"pairs of round {number}")
        self.rounds.count(batch.ids_BT.numel(), batch.ids_BT.numel())
        return batch

    def _pair(self, group: list[Rollout]) -> tuple[Pair, float]:
        best, worst = (pick(group, key=lambda each: each.reward) for pick in (max, min))
        prompt = self._drawing.problems.prompts[best.problem]
        return Pair(prompt, best.ids, worst.ids), float(best.reward > worst.reward)

    def held(self) -> dict[str, Tensor]:
        """See `RememberingSource.held`: a round lasts one step, so that there is nothing but the history."""
        return self.rounds.held()

    def hold(self, tensors: Mapping[str, Tensor]) -> None:
        """See `RememberingSource.hold`."""
        self.rounds.hold(tensors)
        self._batch = None
