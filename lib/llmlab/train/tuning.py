"""Section `sft` of params.yaml: training as ever, on a mixture of conversations, watched by the answers given."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from llmlab.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class TuningConfig(TrainConfig):
    """The keys of [train](#train), and these:"""

    weights: dict[str, Annotated[float, Field(ge=0, le=100)]] = field(default_factory=dict)
    """How often the examples of a kind are read while those of others are read once, `{chat: 2, copy: 0.5}`; 0 leaves a
    kind out. Kinds are those of metrics/instruct.json."""
    answered: Annotated[int, Field(ge=0)] = 10
    """Validation questions of each task and language that are answered at every validation; 0: none."""
