"""Adapter folders in PEFT's layout, bound to the base they were trained on by the hash of its weights."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from llmlab.adapt.lora import LoraConfig, LoraLinear, add_lora, lora_tensors, merge_lora
from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import check_version, read_json
from llmlab.model.checkpoint import load_model, weights_hash
from llmlab.model.surgery import find
from llmlab.model.transformer import Transformer
from llmlab.runtime.tensors import read_tensors, write_tensors

ADAPTER_VERSION = 1
_PREFIX = "base_model.model."
_STAGE = "lora"


def save_adapter(model: nn.Module, folder: Path, config: LoraConfig, base_hash: str, facts: dict[str, Any]) -> None:
    """Write `adapter_model.safetensors`, `adapter_config.json` (as PEFT) and `base.json` into an existing folder."""
    tensors = {_peft_name(name): tensor for name, tensor in lora_tensors(model).items()}
    write_tensors(folder / "adapter_model.safetensors", tensors)
    layers = sorted({name.rpartition(".")[0].rpartition(".")[2] for name in lora_tensors(model)})
    peft = {
        "peft_type": "LORA",
        "task_type": None,
        "r": config.rank,
        "lora_alpha": config.alpha,
        "lora_dropout": config.dropout,
        "target_modules": layers,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
    }
    write_json(folder / "adapter_config.json", peft)
    write_json(folder / "base.json", {"version": ADAPTER_VERSION, "base_sha256": base_hash, **facts})


def load_adapter(model: nn.Module, folder: Path, base_hash: str) -> LoraConfig:
    """Put a stored adapter on its base, in place.

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
    peft = read_json(folder / "adapter_config.json", _STAGE)
    config = LoraConfig(rank=peft["r"], alpha=peft["lora_alpha"], dropout=peft["lora_dropout"])
    tensors = read_tensors(folder / "adapter_model.safetensors", _STAGE)
    add_lora(model, config, torch.Generator().manual_seed(0))
    slots = {
        _peft_name(f"{name}.{part}"): getattr(module, part)
        for name, module in find(model, lambda _, module: isinstance(module, LoraLinear))
        for part in ("A", "B")
    }
    wrong = sorted(slots.keys() ^ tensors.keys()) + sorted(
        name for name in slots.keys() & tensors.keys() if slots[name].shape != tensors[name].shape
    )
    if wrong:
        raise LabError(f"{folder} does not fit this model: {', '.join(wrong[:3])}", f"run `dvc repro -f {_STAGE}`")
    with torch.no_grad():
        for name, slot in slots.items():
            slot.copy_(tensors[name])
    return config


def _peft_name(name: str) -> str:
    layer, _, part = name.rpartition(".")
    return f"{_PREFIX}{layer}.lora_{part}.weight"


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
