"""The whole state of a run on disk, in safetensors and JSON, so that a killed run ends with the same bits.

A checkpoint is a folder `step-<n>` in the run's scratch folder: `state.safetensors`, `state.json`, which holds the
other's sha256, and `state.sha256`, the JSON's own. A folder gets its name only when whole; a torn or changed one is
recognised by the hashes and passed over.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim import Optimizer

from llmlab.artifacts.atomic import atomic_folder, write_json, write_text
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import hash_file
from llmlab.runtime.tensors import write_tensors

STATE_VERSION = 2
_KEPT = 2


@dataclass(frozen=True)
class TrainingState:
    """Everything that shapes the steps still to come, beside the config."""

    step: int
    tensors: dict[str, Tensor]
    facts: dict[str, Any]


def capture(
    step: int, model: nn.Module, optimizers: list[Optimizer], facts: Mapping[str, Any], copy: bool = True
) -> TrainingState:
    """Model, optimizers and random generators; `facts` are the loop's own numbers (JSON).

    Without `copy` the tensors are the run's own where they are on the CPU: good for writing them at once, which then
    needs no memory.
    """
    tensors = {f"model/{name}": tensor for name, tensor in _trained(model).items()}
    for index, optimizer in enumerate(optimizers):
        for parameter, values in optimizer.state_dict()["state"].items():
            for key, value in values.items():
                tensors[f"optimizer/{index}/{parameter}/{key}"] = torch.as_tensor(value)
    tensors |= random_state()
    own = {name: tensor.detach().cpu() for name, tensor in tensors.items()}
    return TrainingState(step, {name: t.clone() for name, t in own.items()} if copy else own, dict(facts))


def restore(state: TrainingState, model: nn.Module, optimizers: list[Optimizer]) -> None:
    """Put a captured state back."""
    own = _trained(model)
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(state.tensors[f"model/{name}"])
    for index, optimizer in enumerate(optimizers):
        saved = optimizer.state_dict()
        values: dict[int, dict[str, Tensor]] = {}
        for name, tensor in state.tensors.items():
            kind, *place = name.split("/")
            if kind == "optimizer" and int(place[0]) == index:
                values.setdefault(int(place[1]), {})[place[2]] = tensor
        saved["state"] = values
        optimizer.load_state_dict(saved)
    put_random_state(state.tensors)


def random_state() -> dict[str, Tensor]:
    """Where torch's own generators, which dropout draws from, stand."""
    states = {"random/cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["random/cuda"] = torch.cuda.get_rng_state()
    if torch.backends.mps.is_available():
        states["random/mps"] = torch.mps.get_rng_state()
    return states


def put_random_state(states: Mapping[str, Tensor]) -> None:
    """Put what `random_state` returned back."""
    torch.set_rng_state(states["random/cpu"])
    if torch.cuda.is_available() and "random/cuda" in states:
        torch.cuda.set_rng_state(states["random/cuda"])
    if torch.backends.mps.is_available() and "random/mps" in states:
        torch.mps.set_rng_state(states["random/mps"])


def computed_by(dtype: torch.dtype, device: torch.device) -> dict[str, str]:
    """What a run computes with, beside its params: `precision: auto` and `device: auto` are settled by the machine."""
    threads = torch.get_num_threads() if device.type == "cpu" else 0
    return {"precision": str(dtype).removeprefix("torch."), "device": device.type, "threads": str(threads)}


def refuse_other_computing(state: TrainingState, computed: Mapping[str, str]) -> None:
    """Refuse to go on with numbers of another kind: the run would end with other bits than one that was not stopped.

    Raises:
        LabError: names the key that differs.
    """
    for key, value in computed.items():
        before = state.facts["computed"][key]
        if before != value:
            raise LabError(
                f"the unfinished run, at step {state.step}, computed with {key} {before}; this one would with {value}",
                f"set `{key}` to what it was, or remove that run with `lab clean --scratch`",
            )


def save_state(state: TrainingState, scratch: Path, pinned: int = -1) -> None:
    """Write a checkpoint and drop all but the newest two and the one of step `pinned`."""
    with atomic_folder(scratch / f"step-{state.step:08d}") as folder:
        write_tensors(folder / "state.safetensors", state.tensors)
        facts = {"version": STATE_VERSION, "step": state.step, "facts": state.facts}
        write_json(folder / "state.json", {**facts, "sha256": hash_file(folder / "state.safetensors")})
        write_text(folder / "state.sha256", hash_file(folder / "state.json"))
    for old in _checkpoints(scratch)[_KEPT:]:
        if _step_of(old) != pinned:
            shutil.rmtree(old)


def newest_state(scratch: Path, upto: int | None = None) -> TrainingState | None:
    """The newest whole checkpoint (of step `upto` at most), or None; broken ones are passed over with a word."""
    for folder in _checkpoints(scratch):
        if upto is not None and _step_of(folder) > upto:
            continue
        state = _read(folder)
        if state is not None:
            return state
        print(f"{folder.name}: broken checkpoint, using the one before it")
    return None


def _read(folder: Path) -> TrainingState | None:
    try:
        if hash_file(folder / "state.json") != (folder / "state.sha256").read_text(encoding="utf-8"):
            return None
        facts = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        whole = hash_file(folder / "state.safetensors") == facts["sha256"] and facts["version"] == STATE_VERSION
        return TrainingState(facts["step"], load_file(folder / "state.safetensors"), facts["facts"]) if whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _checkpoints(scratch: Path) -> list[Path]:
    return sorted(scratch.glob("step-*"), reverse=True)


def _step_of(folder: Path) -> int:
    return int(folder.name.removeprefix("step-"))


def _trained(model: nn.Module) -> dict[str, Tensor]:
    """Trainable parameters by name: a frozen base under LoRA is loaded anew, not saved at every checkpoint."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
