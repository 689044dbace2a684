"""Section `lora` of params.yaml: which adapter, on which model, from which examples."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from llmlab.adapt.config import LoraConfig
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
