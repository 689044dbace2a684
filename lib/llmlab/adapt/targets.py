"""Which layers of a model get an update, and of what rank and scale."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from torch import nn

from llmlab.adapt.config import LoraConfig
from llmlab.artifacts.errors import LabError
from llmlab.model.surgery import find

T = TypeVar("T")


@dataclass(frozen=True)
class Slot:
    """What one layer gets."""

    rank: int
    scale: float
    """The factor before B A."""


def plan(model: nn.Module, kinds: tuple[type[nn.Module], ...], config: LoraConfig) -> dict[str, Slot]:
    """The layers that `config` names and what each gets, in the model's order.

    Args:
        model: may hold adapters already; a layer inside an adapted one is not a layer of its own.
        kinds: classes of layer that can take an update, adapted ones included.
        config: the adapter.

    Raises:
        LabError: a name that fits no layer, a rank above the smaller side of its layer, or a layer whose weight is
            shared with another.
    """
    known = linear_layers(model, kinds)
    inner = [name for name in known if name.startswith("blocks.")]
    chosen = inner if not config.targets else [name for name in known if _best(config.targets, name) is not None]
    for key, names in (("targets", config.targets), ("ranks", config.ranks), ("alphas", config.alphas)):
        for each in names:
            if not any(_fits(each, name) for name in (known if key == "targets" else chosen)):
                raise LabError(
                    f"adapter: {key} names `{each}`, which fits no {'layer' if key == 'targets' else 'chosen layer'}",
                    f"change `lora.adapter.{key}`; the layers of a block are {', '.join(_endings(inner))}",
                )
    return {name: _slot(model, name, *known[name], config) for name in chosen}


def scale_of(rank: int, alpha: float, rank_stabilized: bool) -> float:
    """alpha / r, or alpha / sqrt r (Hu et al. 2021, section 4.1; Kalajdzievski 2023, theorem 3.2)."""
    return alpha / math.sqrt(rank) if rank_stabilized else alpha / rank


def linear_layers(model: nn.Module, kinds: tuple[type[nn.Module], ...]) -> dict[str, tuple[int, int]]:
    """Out and in features of every linear layer by name, adapted ones once."""
    found = find(model, lambda name, module: isinstance(module, kinds) and not name.endswith(".base"))
    return {name: (int(module.out_features), int(module.in_features)) for name, module in found}  # type: ignore[arg-type]


def alpha_of(config: LoraConfig, name: str) -> float:
    """The alpha of a layer."""
    return _of(config.alphas, name, config.alpha)


def _slot(model: nn.Module, name: str, out: int, into: int, config: LoraConfig) -> Slot:
    rank = _of(config.ranks, name, config.rank)
    if rank > min(out, into):
        raise LabError(
            f"rank {rank} exceeds the smaller side of a {out}x{into} layer, {name}",
            "lower `lora.adapter.rank` in params.yaml",
        )
    weight = getattr(model.get_submodule(name), "weight", None)
    names = [other for other, each in model.named_parameters(remove_duplicate=False) if each is weight]
    if len(names) > 1:
        raise LabError(
            f"{name} shares its weight with {', '.join(n for n in names if n != f'{name}.weight')}, which would change",
            "leave it out of `lora.adapter.targets`, or train the base with `model.tie_embeddings: false`",
        )
    return Slot(rank, scale_of(rank, alpha_of(config, name), config.rank_stabilized))


def _of(given: dict[str, T], name: str, otherwise: T) -> T:
    best = _best(given, name)
    return otherwise if best is None else given[best]


def _best(patterns: Iterable[str], name: str) -> str | None:
    """The longest pattern that fits; of equally long ones the last."""
    fitting = [pattern for pattern in patterns if _fits(pattern, name)]
    return max(enumerate(fitting), key=lambda item: (item[1].count("."), item[0]))[1] if fitting else None


def _fits(pattern: str, name: str) -> bool:
    return f".{pattern}." in f".{name}."


def _endings(names: list[str]) -> list[str]:
    return sorted({name.partition(".")[2].partition(".")[2] for name in names})
