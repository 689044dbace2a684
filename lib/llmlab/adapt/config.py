"""The shape of an adapter: which layers, of what rank, in which form, on weights of how many bits."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from llmlab.artifacts.errors import LabError

Quantize = Literal["none", "nf4", "nf4-double"]


@dataclass(frozen=True, kw_only=True)
class LoraConfig:
    """The adapter's shape.

    Layers are named by one or more neighbouring parts of their dotted name: `query`, `attention`, `blocks.0`, `ffn.up`.
    """

    rank: Annotated[int, Field(gt=0)] = 8
    """r, the rank of the update."""
    alpha: Annotated[float, Field(gt=0)] = 16.0
    """The update is scaled by alpha / r."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout on the update's input."""
    targets: list[str] = field(default_factory=list)
    """Layers that get an update, `[query, value]` or `[attention]`; empty: every linear layer inside the blocks."""
    ranks: dict[str, Annotated[int, Field(gt=0)]] = field(default_factory=dict)
    """Ranks of layers that differ from `rank`, `{ffn: 4, blocks.0: 16}`; the longest name that fits a layer counts."""
    alphas: dict[str, Annotated[float, Field(gt=0)]] = field(default_factory=dict)
    """Alphas of layers that differ from `alpha`, as `ranks`."""
    rank_stabilized: bool = False
    """Scale by alpha / sqrt r, for steps of one size at any r (rsLoRA, Kalajdzievski 2023, arXiv 2312.03732)."""
    dora: bool = False
    """Learn the length of each row of the weight apart from its direction (DoRA, Liu et al. 2024, arXiv 2402.09353)."""
    mean_rank: Annotated[float, Field(gt=0)] | None = None
    """Adaptive rank: after `probe` the directions that matter most stay, so many a layer on average. Null: all."""
    probe: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Share of the steps that are trained at the full rank before `mean_rank` acts; without it, unused."""
    quantize: Quantize = "none"
    """Frozen weights of the blocks: as they are, 4-bit NF4 (QLoRA), or NF4 with the scales in 8 bits too."""

    def __post_init__(self) -> None:
        """Refuse illegal pairs, naming the keys."""
        if self.mean_rank is None:
            return
        if self.mean_rank >= self.rank:
            raise _illegal(f"mean_rank {self.mean_rank:g} is not below rank {self.rank}", "mean_rank")
        if self.ranks:
            raise _illegal("mean_rank moves what ranks would fix", "ranks, or mean_rank to null")
        if self.dora:
            raise _illegal("mean_rank scores directions by themselves, and dora ties them to the row lengths", "dora")


def _illegal(problem: str, key: str) -> LabError:
    return LabError(f"adapter: {problem}", f"change `lora.adapter.{key}` in params.yaml")
