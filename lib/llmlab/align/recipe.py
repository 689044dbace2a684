"""One alignment run: the method, how answers are drawn and marked, and how it is trained."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from llmlab.align.dpo import PreferenceConfig
from llmlab.align.grpo import GroupConfig
from llmlab.align.rewards import RewardConfig
from llmlab.artifacts.errors import LabError
from llmlab.decode.sampling import SamplingConfig
from llmlab.train.config import TrainConfig

Positive = Annotated[int, Field(gt=0)]
Method = Literal["imitate", "best-of", "dpo", "online-dpo", "grpo"]


@dataclass(frozen=True, kw_only=True)
class AlignConfig:
    """What is done with a model that can already do a little."""

    method: Method = "grpo"
    """`imitate`: fine-tune on demonstrations. `best-of`: on the best of its own answers (rejection sampling). `dpo`: on
    pairs of its own answers, drawn once. `online-dpo`: drawn anew each step. `grpo`: rewards of groups, each step."""
    sampling: SamplingConfig = field(default_factory=lambda: SamplingConfig(temperature=1.0))
    """How answers are drawn; rewards teach about what is drawn, so temperature 1 and no cut."""
    reward: RewardConfig = field(default_factory=RewardConfig)
    """What an answer is worth."""
    group: GroupConfig = field(default_factory=GroupConfig)
    """Answers to each prompt (`size`, for every method that draws), and what `grpo` makes of them."""
    preference: PreferenceConfig = field(default_factory=PreferenceConfig)
    """What `dpo` and `online-dpo` make of pairs."""
    ask: Positive = 1000
    """Prompts that `best-of` and `dpo` draw answers to, once and beforehand; more than there are: some again."""
    pairs: Positive = 1
    """Most pairs that `dpo` makes of the answers to one prompt."""
    floor: float = 1.0
    """`best-of` leaves out a best answer that is worth less."""
    train: TrainConfig
    """How it is trained. A row is a row of conversations (`imitate`, `best-of`), a pair, or an answer (`grpo`)."""

    def __post_init__(self) -> None:
        """Refuse what cannot mean anything."""
        if self.sampling.temperature == 0:
            raise LabError("at temperature 0 all answers to a prompt are the same", "set `sampling.temperature: 1`")
        passes = self.train.micro_rows or self.train.rows
        if self.method == "grpo" and self.train.rows % self.group.size:
            raise LabError(
                f"rows {self.train.rows} is not a multiple of {self.group.size} answers a prompt",
                "change `train.rows` or `group.size`",
            )
        if self.train.packing != "stream" or self.train.compile:
            raise LabError("answers are neither packed nor compiled", "leave `train.packing` and `train.compile` out")
        assert self.train.rows % passes == 0
