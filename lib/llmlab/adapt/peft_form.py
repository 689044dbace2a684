"""The names and the config of the PEFT library, to ours and back."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from torch import Tensor

from llmlab.adapt.config import LoraConfig, Quantize
from llmlab.adapt.low_rank import LowRank
from llmlab.adapt.targets import alpha_of
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build

T = TypeVar("T")
_PREFIX = "base_model.model."
_NAMES = {"A": "lora_A.weight", "B": "lora_B.weight", "magnitude": "lora_magnitude_vector"}
# Ways of PEFT to start that also change the base's weights, which an adapter folder does not hold.
_CHANGES_BASE = ("pissa", "olora", "corda", "loftq", "lora_ga")


def to_peft_name(name: str) -> str:
    """`<layer>.A` and so on as PEFT calls it."""
    layer, _, part = name.rpartition(".")
    return f"{_PREFIX}{layer}.{_NAMES[part]}"


def layer_of(name: str) -> str | None:
    """The layer that a tensor of PEFT's belongs to; None for what is none of a LoRA adapter."""
    for ending in _NAMES.values():
        if name.startswith(_PREFIX) and name.endswith(f".{ending}"):
            return name.removeprefix(_PREFIX).removesuffix(f".{ending}")
    return None


def to_peft_config(config: LoraConfig, parts: Mapping[str, LowRank], linear: Iterable[str]) -> dict[str, Any]:
    """`adapter_config.json` of an adapter; keys that say nothing are left out.

    Args:
        config: the adapter's.
        parts: its updates by layer.
        linear: every layer that could have one.
    """
    peft = {
        "peft_type": "LORA",
        "task_type": None,
        "r": config.rank,
        "lora_alpha": config.alpha,
        "lora_dropout": config.dropout,
        "target_modules": _shortest(parts, linear),
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
    }
    alphas = {layer: alpha_of(config, layer) for layer in parts}
    more = {
        "rank_pattern": {layer: part.rank for layer, part in parts.items() if part.rank != config.rank},
        "alpha_pattern": {layer: alpha for layer, alpha in alphas.items() if alpha != config.alpha},
        "use_rslora": config.rank_stabilized,
        "use_dora": config.dora,
    }
    return peft | {key: value for key, value in more.items() if value}


def from_peft_config(
    peft: Mapping[str, Any], tensors: Mapping[str, Tensor], path: Path, quantize: Quantize
) -> LoraConfig:
    """The config of an adapter that PEFT wrote, its layers named in full.

    Args:
        peft: `adapter_config.json`.
        tensors: the adapter's, by PEFT's names.
        path: of the config, for errors.
        quantize: what the adapter's base is packed in, which PEFT does not say.

    Raises:
        LabError: another kind of adapter, or one that needs what is not in it.
    """
    _refuse_foreign(peft, path)
    layers = sorted({layer for layer in map(layer_of, tensors) if layer is not None})
    rank, alpha = peft["r"], float(peft.get("lora_alpha", 8))
    ranks = {layer: _of(peft.get("rank_pattern"), layer, rank) for layer in layers}
    alphas = {layer: float(_of(peft.get("alpha_pattern"), layer, alpha)) for layer in layers}
    values = {
        "rank": rank,
        "alpha": alpha,
        "dropout": peft.get("lora_dropout", 0.0),
        "targets": layers,
        "ranks": {layer: found for layer, found in ranks.items() if found != rank},
        "alphas": {layer: found for layer, found in alphas.items() if found != alpha},
        "rank_stabilized": bool(peft.get("use_rslora")),
        "dora": bool(peft.get("use_dora")),
        "quantize": quantize,
    }
    return build(LoraConfig, values, str(path))


def targeted(peft: Mapping[str, Any], tensors: Iterable[str]) -> Callable[[str], bool]:
    """Whether PEFT would put an update on a layer of this name.

    Where its config says so in another way than by a list, a regular expression for one, which a hostile file could
    make run for years, the layers that have tensors are taken to be meant.
    """
    wanted = peft.get("target_modules")
    if not isinstance(wanted, list) or peft.get("exclude_modules") or peft.get("layers_to_transform"):
        return {layer_of(name) for name in tensors}.__contains__
    return lambda name: any(_ends(name, each) for each in wanted)


def _ends(name: str, ending: str) -> bool:
    return f".{name}".endswith(f".{ending}")


def _shortest(parts: Iterable[str], linear: Iterable[str]) -> list[str]:
    """Last parts of the names where these say which layers are meant, else the names in full."""
    chosen = set(parts)
    endings = {name.rpartition(".")[2] for name in chosen}
    meant = {name for name in linear if name.rpartition(".")[2] in endings}
    return sorted(endings if meant == chosen else chosen)


def _of(pattern: Mapping[str, T] | None, layer: str, otherwise: T) -> T:
    return next((value for key, value in (pattern or {}).items() if _ends(layer, key)), otherwise)


def _refuse_foreign(peft: Mapping[str, Any], path: Path) -> None:
    start = str(peft.get("init_lora_weights"))
    patterns = [*(peft.get("rank_pattern") or {}), *(peft.get("alpha_pattern") or {})]
    wrong = {
        "it says no rank": not isinstance(peft.get("r"), int),
        f"peft_type is {peft.get('peft_type')}, not LORA": peft.get("peft_type") != "LORA",
        "it trains biases": peft.get("bias", "none") != "none" or bool(peft.get("lora_bias")),
        "it holds whole modules (`modules_to_save`)": bool(peft.get("modules_to_save")),
        "its weights are turned over (`fan_in_fan_out`)": bool(peft.get("fan_in_fan_out")),
        "its patterns are regular expressions": not all(re.fullmatch(r"[\w.]+", key) for key in patterns),
        f"it started with {start}, which changes the base": start.startswith(_CHANGES_BASE),
    }
    for reason, found in wrong.items():
        if found:
            raise LabError(f"{path} is an adapter of another kind: {reason}", "only plain LoRA and DoRA can be read")
