"""LoRA: frozen linear layers with trainable low-rank updates beside them, one set of updates or several by name."""

import re

import torch
from torch import Tensor, nn

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.low_rank import LowRank
from llmlab.adapt.nf4_linear import Nf4Linear, dequantize_layers, packing, plain_linear, quantize_layers, weight_of
from llmlab.adapt.targets import Slot, plan
from llmlab.artifacts.errors import LabError
from llmlab.model.surgery import find, replace

DEFAULT = "default"


class LoraLinear(nn.Module):
    """A frozen layer and, by name, the updates that adapters have for it; those that are on are added to its answer.

    `active` says which are on and how strongly. `rows`, where it is set, says instead for each adapter which rows of
    the batch it answers for. `folded` is the weight of before, while the updates are in the weight (`bank.fold`).
    """

    def __init__(self, base: nn.Module) -> None:
        super().__init__()
        self.base = base
        self.out_features, self.in_features = base.out_features, base.in_features
        self.parts = nn.ModuleDict()
        self.active: dict[str, float] = {}
        self.rows: dict[str, Tensor] | None = None
        self.folded: Tensor | None = None
        base.requires_grad_(False)

    def part(self, name: str) -> LowRank:
        """The update of an adapter."""
        part = self.parts[name]
        assert isinstance(part, LowRank)
        return part

    def forward(self, x: Tensor) -> Tensor:
        """As the layer it replaces."""
        y = self.base(x)
        if self.folded is not None:
            return y
        if self.rows is not None:
            return self._by_row(x, y)
        out = y
        for name, weight in self.active.items():
            if name in self.parts:
                added = self.parts[name](x, y, self.base)
                out = out + (added if weight == 1.0 else weight * added)
        return out

    def _by_row(self, x: Tensor, y: Tensor) -> Tensor:
        assert self.rows is not None
        out = y
        for name, rows in self.rows.items():
            if name in self.parts:
                own = rows.to(y.device)
                out = out.index_add(0, own, self.parts[name](x[own], y[own], self.base).to(out.dtype))
        return out

    def change(self) -> Tensor:
        """What the updates that are on add to the weight, (out, in)."""
        weight = weight_of(self.base)
        total = torch.zeros_like(weight)
        for name, strength in self.active.items():
            if name in self.parts:
                total += strength * self.part(name).change(weight)
        return total


# What an adapter can be put on, in whatever state.
LINEAR = (nn.Linear, Nf4Linear, LoraLinear)


def add_lora(model: nn.Module, config: LoraConfig, generator: torch.Generator, name: str = DEFAULT) -> list[str]:
    """Freeze a model, adapters that it has included, and put a new one on; returns the names of its layers.

    The new one is on, beside those that were: it learns what they leave over. Switch them off before (`bank.use`) for
    one that stands by itself.

    Args:
        model: the base; changed in place.
        config: the adapter. `quantize` packs the base's weights, which must be plain or packed in that way already.
        generator: source of the initial A.
        name: what to call it.

    Raises:
        LabError: a name that is taken or unfit, a config that does not fit the layers, another packing.
    """
    _check_name(model, name)
    if any(layer.folded is not None for layer in layers(model).values()):
        raise LabError("an adapter cannot be added while others are folded into the weights", "`unfold` them first")
    slots = plan(model, LINEAR, config)
    model.requires_grad_(False)
    _pack(model, config)
    for layer, slot in slots.items():
        _add(model, layer, slot, config, generator, name)
    for adapted in layers(model).values():
        adapted.rows = None
    return list(slots)


def _add(model: nn.Module, layer: str, slot: Slot, config: LoraConfig, generator: torch.Generator, name: str) -> None:
    def wrap(module: nn.Module) -> nn.Module:
        wrapper = module if isinstance(module, LoraLinear) else LoraLinear(module)
        wrapper.parts[name] = LowRank(wrapper.base, slot, config.dropout, config.dora, generator)
        wrapper.active = {**wrapper.active, name: 1.0}
        return wrapper

    replace(model, lambda found, _: found == layer, wrap)


def _pack(model: nn.Module, config: LoraConfig) -> None:
    present = packing(model)
    if present == config.quantize:
        return
    if present != "none" or layers(model):
        raise LabError(
            f"the base is held as {present}, the adapter belongs on {config.quantize}",
            "put adapters of one `lora.adapter.quantize` on one model",
        )
    quantize_layers(model, config.quantize == "nf4-double")


def _check_name(model: nn.Module, name: str) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name) or hasattr(nn.ModuleDict(), name):
        raise LabError(
            f"an adapter cannot be called {name!r}",
            "use small letters, digits and hyphens, and no word that torch has for itself",
        )
    if any(name in layer.parts for layer in layers(model).values()):
        raise LabError(f"the model has an adapter {name!r} already", "give the new one another name")


def merge_lora(model: nn.Module) -> None:
    """Fold the updates that are on into the weights and leave plain linear layers, as before `add_lora`."""

    def fold(module: nn.Module) -> nn.Module:
        assert isinstance(module, LoraLinear)
        with torch.no_grad():
            change = 0 if module.folded is not None else module.change()
            linear = plain_linear(module.base)
            linear.weight += change
        return linear

    replace(model, _is_lora, fold)
    dequantize_layers(model)
    model.requires_grad_(True)


def remove_lora(model: nn.Module) -> None:
    """Drop the updates and leave the base as it was, or as `quantize` left it."""

    def strip(module: nn.Module) -> nn.Module:
        assert isinstance(module, LoraLinear)
        if module.folded is not None:
            raise LabError("some adapters are folded into the weights", "call `unfold` first")
        return module.base

    replace(model, _is_lora, strip)
    model.requires_grad_(True)


def layers(model: nn.Module) -> dict[str, LoraLinear]:
    """The adapted layers by name."""
    return {name: module for name, module in find(model, _is_lora) if isinstance(module, LoraLinear)}


def parts_of(model: nn.Module, name: str = DEFAULT) -> dict[str, LowRank]:
    """The updates of one adapter, by the name of their layer.

    Raises:
        LabError: the model has no such adapter.
    """
    parts = {layer: module.part(name) for layer, module in layers(model).items() if name in module.parts}
    if not parts:
        have = sorted({known for module in layers(model).values() for known in module.parts})
        raise LabError(f"the model has no adapter {name!r} (it has: {', '.join(have) or 'none'})", "name one it has")
    return parts


def lora_tensors(model: nn.Module, name: str = DEFAULT) -> dict[str, Tensor]:
    """A, B and, with DoRA, the magnitude of every adapted layer, as `<layer>.A`, `<layer>.B`, `<layer>.magnitude`."""
    return {
        f"{layer}.{key}": parameter.detach().clone()
        for layer, part in parts_of(model, name).items()
        for key, parameter in part.named_parameters()
    }


def _is_lora(name: str, module: nn.Module) -> bool:
    return isinstance(module, LoraLinear)
