"""Adapter folders in PEFT's layout, bound to the base they were trained on by the hash of its weights."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from llmlab.adapt.config import LoraConfig, Quantize
from llmlab.adapt.lora import DEFAULT, LINEAR, add_lora, lora_tensors, merge_lora, parts_of
from llmlab.adapt.peft_form import from_peft_config, targeted, to_peft_config, to_peft_name
from llmlab.adapt.targets import linear_layers
from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import check_version, read_json
from llmlab.model.checkpoint import load_model, weights_hash
from llmlab.model.transformer import Transformer
from llmlab.runtime.tensors import read_tensors, write_tensors

ADAPTER_VERSION = 1
_STAGE = "lora"


def save_adapter(
    model: nn.Module, folder: Path, config: LoraConfig, base_hash: str, facts: Mapping[str, Any], name: str = DEFAULT
) -> None:
    """Write `adapter_model.safetensors`, `adapter_config.json` (as PEFT) and `base.json` into an existing folder."""
    tensors = {to_peft_name(key): tensor for key, tensor in lora_tensors(model, name).items()}
    write_tensors(folder / "adapter_model.safetensors", tensors)
    peft = to_peft_config(config, parts_of(model, name), linear_layers(model, LINEAR))
    write_json(folder / "adapter_config.json", peft)
    packed = {} if config.quantize == "none" else {"quantize": config.quantize}
    write_json(folder / "base.json", {"version": ADAPTER_VERSION, "base_sha256": base_hash, **packed, **facts})


def load_adapter(model: nn.Module, folder: Path, base_hash: str, name: str = DEFAULT) -> LoraConfig:
    """Put a stored adapter on its base, in place, beside those that are there.

    Raises:
        LabError: missing or broken files, another format version, another base, or layers that do not fit.
    """
    bound = read_json(folder / "base.json", _STAGE)
    check_version(bound.get("version"), ADAPTER_VERSION, folder / "base.json", f"run `dvc repro -f {_STAGE}`")
    if bound["base_sha256"] != base_hash:
        raise LabError(
            f"{folder} belongs to base {bound['base_sha256'][:12]}, this one is {base_hash[:12]}",
            f"run `dvc repro {_STAGE}`, which trains it on the present base",
        )
    return read_peft(model, folder, name, bound.get("quantize", "none"))


def read_peft(model: nn.Module, folder: Path, name: str = DEFAULT, quantize: Quantize = "none") -> LoraConfig:
    """Put an adapter that the PEFT library wrote on a model, in place, whatever base it says it belongs to.

    Args:
        model: the base.
        folder: with `adapter_model.safetensors` and `adapter_config.json`.
        name: what to call it.
        quantize: how the base's weights are packed first.

    Raises:
        LabError: missing or broken files, a kind of adapter that is not read, or layers that do not fit.
    """
    peft = read_json(folder / "adapter_config.json", _STAGE)
    tensors = read_tensors(folder / "adapter_model.safetensors", _STAGE)
    config = from_peft_config(peft, tensors, folder / "adapter_config.json", quantize)
    _check_layers(model, folder, config, targeted(peft, tensors), tensors)
    add_lora(model, config, torch.Generator().manual_seed(0), name)
    with torch.no_grad():
        for layer, part in parts_of(model, name).items():
            for key, slot in part.named_parameters():
                slot.copy_(tensors[to_peft_name(f"{layer}.{key}")])
    return config


def _check_layers(
    model: nn.Module, folder: Path, config: LoraConfig, wanted: Callable[[str], bool], tensors: Mapping[str, Tensor]
) -> None:
    """Refuse an adapter whose tensors are not exactly those that its config asks for on this model."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (out, into) in linear_layers(model, LINEAR).items():
        if wanted(layer):
            rank = config.ranks.get(layer, config.rank)
            own = {"A": (rank, into), "B": (out, rank), **({"magnitude": (out,)} if config.dora else {})}
            shapes |= {to_peft_name(f"{layer}.{key}"): shape for key, shape in own.items()}
    wrong = sorted(shapes.keys() ^ tensors.keys()) + sorted(
        name for name in shapes.keys() & tensors.keys() if shapes[name] != tuple(tensors[name].shape)
    )
    if wrong:
        raise LabError(f"{folder} does not fit this model: {', '.join(wrong[:3])}", f"run `dvc repro -f {_STAGE}`")


def load_adapted(adapters: Path, models: dict[str, Path], stages: dict[str, str]) -> dict[str, Transformer]:
    """Every adapter of a folder, merged into a fresh copy of the model it belongs to, by name.

    Args:
        adapters: the folder of adapter folders.
        models: model folders by the name that an adapter's `base.json` says.
        stages: the stage that writes each of them.
    """
    adapted = {}
    for folder in sorted(path for path in adapters.iterdir() if path.is_dir()):
        name = read_json(folder / "base.json", _STAGE)["base"]
        model = load_model(models[name], stages[name])
        load_adapter(model, folder, weights_hash(models[name], stages[name]))
        merge_lora(model)
        adapted[folder.name] = model.eval()
    return adapted
