"""The batch source of GRPO: groups of answers by the policy under training, graded, with their advantages."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from llmlab.align.grpo import GroupBatch, GroupConfig, advantages
from llmlab.align.log_probs import frozen_log_probs, rows_of
from llmlab.align.rounds import Drawing, Rounds
from llmlab.model.transformer import Transformer
from llmlab.shards.batches import Batch

_OLD, _REFERENCE = "old", "reference"


class GroupSource:
    """See `RememberingSource`; a step's rows are `rows` answers, and `config.updates` steps are made of the same."""

    def __init__(
        self,
        model: Transformer,
        drawing: Drawing,
        config: GroupConfig,
        rows: int,
        reference: nn.Module | None = None,
    ) -> None:
        """Draw from `model`, which is the one under training; `reference` is needed for `config.kl` alone."""
        assert (reference is not None) == (config.kl > 0)
        self._model, self._drawing, self._config = model, drawing, config
        self._rows, self._reference = rows, reference
        self.rounds = Rounds(model, drawing, rows)
        self.rows_per_epoch = len(drawing.problems.prompts) * drawing.size * config.updates
        self._number = -1
        self._batch: GroupBatch | None = None

    def batch(self, position: int, rows: int) -> Batch:
        """See `BatchSource.batch`."""
        step, first = divmod(position, self._rows)
        number = step // self._config.updates
        if self._batch is None or number != self._number:
            self._batch, self._number = self._drawn(number), number
        return self._batch.part(first, first + rows)

    def _drawn(self, number: int) -> GroupBatch:
        drawing, config = self._drawing, self._config
        rollouts = self.rounds.draw(number)
        prompts = [drawing.problems.prompts[each.problem] for each in rollouts]
        ids_BT, targets_BT = rows_of(prompts, [each.ids for each in rollouts], self._model.config.context)
        plain = Batch(ids_BT, targets_BT, None, f"answers of round {number}")
        rewards_B = torch.tensor([each.reward for each in rollouts])
        # With one update the answers are the model's own as it is, and the loss takes its own numbers for old ones.
        judges = {_OLD: self._model if config.updates > 1 else None, _REFERENCE: self._reference}
        judged = {
            name: frozen_log_probs(judge, plain, drawing.sampling.temperature)
            for name, judge in judges.items()
            if judge is not None
        }
        self.rounds.count(len(judged) * ids_BT.numel(), config.updates * ids_BT.numel())
        return self._as_batch(plain, advantages(rewards_B, drawing.size, config.scale), judged)

    def _as_batch(self, plain: Batch, advantages_B: Tensor, judged: Mapping[str, Tensor]) -> GroupBatch:
        return GroupBatch(
            plain.ids_BT,
            plain.targets_BT,
            None,
            plain.name,
            advantages_B,
            judged.get(_OLD),
            judged.get(_REFERENCE),
            self._config.average,
            self._drawing.sampling.max_new,
        )

    def held(self) -> dict[str, Tensor]:
        """See `RememberingSource.held`."""
        found = self.rounds.held()
        if self._batch is not None:
            found["number"] = torch.tensor(self._number)
            found |= {name: getattr(self._batch, name) for name in ("ids_BT", "targets_BT", "advantages_B")}
            optional = {_OLD: self._batch.old_BT, _REFERENCE: self._batch.reference_BT}
            found |= {name: tensor for name, tensor in optional.items() if tensor is not None}
        return found

    def hold(self, tensors: Mapping[str, Tensor]) -> None:
        """See `RememberingSource.hold`."""
        self.rounds.hold(tensors)
        self._batch = None
        if "number" in tensors:
            self._number = int(tensors["number"])
            plain = Batch(tensors["ids_BT"], tensors["targets_BT"], None, f"answers of round {self._number}")
            self._batch = self._as_batch(plain, tensors["advantages_B"], tensors)
