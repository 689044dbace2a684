"""Section `lora` of params.yaml: which adapter, on which model, from which examples."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from llmlab.adapt.config import LoraConfig
from llmlab.artifacts.errors import LabError
from llmlab.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class AdapterConfig:
    """One adapter."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """Its folder under models/adapters/."""
    base: Literal["base", "chat"] = "chat"
    """The model it sits on."""
    kinds: list[str]
    """Kinds of instruction example it learns from; empty: all."""
    adapter: LoraConfig
    """Its shape."""
    train: TrainConfig
    """How it is trained: the keys of section `train`."""

    def __post_init__(self) -> None:
        """Refuse a number of steps that moving the ranks leaves no room in."""
        if self.adapter.mean_rank is not None:
            split_steps(self.adapter, self.train)


def split_steps(adapter: LoraConfig, train: TrainConfig) -> tuple[int, int]:
    """Steps before and after the ranks move.

    Raises:
        LabError: one of the two is no longer than the warm-up.
    """
    first = round(train.steps * adapter.probe)
    rest = train.steps - first
    if train.warmup >= min(first, rest):
        raise LabError(
            f"warmup {train.warmup} leaves nothing of {first} steps before or {rest} after the ranks move",
            "lower `lora.train.warmup`, or change `lora.adapter.probe`",
        )
    return first, rest
