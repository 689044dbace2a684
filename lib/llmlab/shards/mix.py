"""How often each row is read in an epoch: some languages may be passed over more often than others."""

from collections.abc import Mapping

import numpy as np

from llmlab.artifacts.errors import LabError
from llmlab.shards.format import Shard


class PassesPerEpoch:
    """Rows of an epoch in which the text of a language is read `passes[language]` times, of all others once.

    A row belongs to the language of the document that its first id lies in. Of a fraction of a pass, other rows are
    drawn in every epoch, so that none is left out for good.

    Raises:
        LabError: a language that is not in the shard.
    """

    def __init__(self, shard: Shard, context: int, rows: int, passes: Mapping[str, float]) -> None:
        strangers = sorted(set(passes) - set(shard.languages))
        if strangers:
            raise LabError(
                f"`passes` names {strangers[0]}, but the training set holds {', '.join(sorted(set(shard.languages)))}",
                "correct `train.passes` in params.yaml",
            )
        owners = np.searchsorted(shard.starts, np.arange(rows) * context, side="right") - 1
        languages = np.asarray(shard.languages)[owners]
        self._parts = [(np.flatnonzero(languages == lang), passes.get(lang, 1.0)) for lang in sorted(set(languages))]

    @property
    def total(self) -> int:
        """Rows of an epoch, the same in each."""
        return sum(round(times * len(rows)) for rows, times in self._parts)

    def draw(self, generator: np.random.Generator) -> np.ndarray:
        """Row numbers of one epoch, `total` of them, in no order."""
        drawn = []
        for rows, times in self._parts:
            whole, rest = divmod(round(times * len(rows)), len(rows))
            drawn += [np.tile(rows, whole), generator.permutation(rows)[:rest]]
        return np.concatenate(drawn)
