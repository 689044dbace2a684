"""The whole state of a run on disk, in safetensors and JSON, so that a killed run ends with the same bits.

A checkpoint is a folder `step-<n>` in the run's scratch folder: `state.safetensors`, `state.json`, which holds the
other's sha256, and `state.sha256`, the JSON's own. A folder gets its name only when whole; a torn or changed one is
recognised by the hashes and passed over.

Several processes write `state-<rank>.safetensors` beside the first one's `state.safetensors`. Tensors go by the name of
their parameter; what is spread over processes is in each of them the process's rows, in order, so that any number of
processes can read it.
"""

import json
import os
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
from llmlab.runtime.distributed import barrier, first, local_part, rank, spread_like, summed, world
from llmlab.runtime.tensors import Joined, write_tensors

STATE_VERSION = 3
_KEPT = 2


@dataclass(frozen=True)
class TrainingState:
    """Everything that shapes the steps still to come, beside the config."""

    step: int
    tensors: Mapping[str, Tensor]
    facts: dict[str, Any]


def capture(
    step: int, model: nn.Module, optimizers: list[Optimizer], facts: Mapping[str, Any], copy: bool = True
) -> TrainingState:
    """Model, optimizers and random generators; `facts` are the loop's own numbers (JSON).

    Without `copy` the tensors are the run's own where they are on the CPU: good for writing them at once, which then
    needs no memory.
    """
    trained = _trained(model)
    tensors = {f"model/{name}": tensor for name, tensor in trained.items()}
    for optimizer in optimizers:
        for name, parameter in trained.items():
            for key, value in optimizer.state.get(parameter, {}).items():
                tensors[f"optimizer/{name}/{key}"] = torch.as_tensor(value)
    tensors |= random_state()
    own = {name: local_part(tensor.detach()).cpu() for name, tensor in tensors.items()}
    return TrainingState(step, {name: t.clone() for name, t in own.items()} if copy else own, dict(facts))


def restore(state: TrainingState, model: nn.Module, optimizers: list[Optimizer]) -> None:
    """Put a captured state back, of whichever processes it was: each takes its part."""
    own = _trained(model)
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(spread_like(state.tensors[f"model/{name}"], tensor))
    names = {id(parameter): name for name, parameter in own.items()}
    keys: dict[str, list[str]] = {}
    for name in state.tensors:
        if name.startswith("optimizer/"):
            keys.setdefault(name.split("/")[1], []).append(name)
    for optimizer in optimizers:
        saved = optimizer.state_dict()
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        saved["state"] = {
            number: {key.split("/")[2]: _moment(state.tensors[key], parameter) for key in keys[names[id(parameter)]]}
            for number, parameter in enumerate(parameters)
            if names[id(parameter)] in keys
        }
        optimizer.load_state_dict(saved)
    put_random_state(state.tensors)


def _moment(tensor: Tensor, parameter: Tensor) -> Tensor:
    """Optimizer state as the parameter is spread; a count of steps is a number of its own."""
    return spread_like(tensor, parameter) if tensor.shape == parameter.shape else tensor


def random_state() -> dict[str, Tensor]:
    """Where torch's own generators, which dropout draws from, stand, by process."""
    states = {f"{_generators()}/cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states[f"{_generators()}/cuda"] = torch.cuda.get_rng_state()
    if torch.backends.mps.is_available():
        states[f"{_generators()}/mps"] = torch.mps.get_rng_state()
    return states


def put_random_state(states: Mapping[str, Tensor]) -> None:
    """Put what `random_state` returned back; a process that was not there before keeps its own."""
    own = {kind: states[name] for kind in ("cpu", "cuda", "mps") if (name := f"{_generators()}/{kind}") in states}
    if "cpu" in own:
        torch.set_rng_state(own["cpu"])
    if torch.cuda.is_available() and "cuda" in own:
        torch.cuda.set_rng_state(own["cuda"])
    if torch.backends.mps.is_available() and "mps" in own:
        torch.mps.set_rng_state(own["mps"])


def _generators() -> str:
    return "random" if first() else f"random-{rank()}"


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
    """Write a checkpoint and drop all but the newest two and the one of step `pinned`.

    Several processes call this together: each writes its part, the first one puts them into one folder.
    """
    waiting = scratch / "parts"
    if not first():
        _write_part(waiting / f"state-{rank()}.safetensors", state.tensors)
        barrier()
    else:
        with atomic_folder(scratch / f"step-{state.step:08d}") as folder:
            write_tensors(folder / "state.safetensors", state.tensors)
            barrier()
            parts = _collect(waiting, folder)
            facts = {"version": STATE_VERSION, "step": state.step, "facts": state.facts, "parts": parts}
            write_json(folder / "state.json", {**facts, "sha256": hash_file(folder / "state.safetensors")})
            write_text(folder / "state.sha256", hash_file(folder / "state.json"))
        for old in _checkpoints(scratch)[_KEPT:]:
            if _step_of(old) != pinned:
                shutil.rmtree(old)
    barrier()


def _write_part(path: Path, tensors: Mapping[str, Tensor]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tensors(path, tensors)
    # Hashed by the process that wrote it: the first one would take as many times as long.
    write_text(path.with_suffix(".sha256"), hash_file(path))


def _collect(waiting: Path, folder: Path) -> dict[str, str]:
    """Move the other processes' parts into `folder`; their hashes by name."""
    parts = {}
    for number in range(1, world()):
        path = waiting / f"state-{number}.safetensors"
        parts[path.name] = path.with_suffix(".sha256").read_text(encoding="utf-8")
        os.replace(path, folder / path.name)
    return parts


def newest_state(scratch: Path, upto: int | None = None) -> TrainingState | None:
    """The newest whole checkpoint (of step `upto` at most), or None; broken ones are passed over with a word.

    Of several processes the first one looks, and all read what it found.
    """
    found = _newest_whole(scratch, upto) if first() else None
    if world() == 1:
        return found
    step = round(summed(found.step if found else -1.0 if first() else 0.0)[0])
    if first() or step < 0:
        return found
    return _read(scratch / f"step-{step:08d}", check=False)


def _newest_whole(scratch: Path, upto: int | None) -> TrainingState | None:
    for folder in _checkpoints(scratch):
        if upto is not None and _step_of(folder) > upto:
            continue
        state = _read(folder)
        if state is not None:
            return state
        print(f"{folder.name}: broken checkpoint, using the one before it")
    return None


def _read(folder: Path, check: bool = True) -> TrainingState | None:
    try:
        if hash_file(folder / "state.json") != (folder / "state.sha256").read_text(encoding="utf-8"):
            return None
        facts = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        parts = {"state.safetensors": facts["sha256"], **facts["parts"]}
        whole = not check or all(hash_file(folder / name) == digest for name, digest in parts.items())
        if not whole or facts["version"] != STATE_VERSION:
            return None
        return TrainingState(facts["step"], _tensors([folder / name for name in parts]), facts["facts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _tensors(parts: list[Path]) -> dict[str, Tensor] | Joined:
    return load_file(parts[0]) if len(parts) == 1 else Joined(parts)


def _checkpoints(scratch: Path) -> list[Path]:
    return sorted(scratch.glob("step-*"), reverse=True)


def _step_of(folder: Path) -> int:
    return int(folder.name.removeprefix("step-"))


def _trained(model: nn.Module) -> dict[str, Tensor]:
    """Trainable parameters by name: a frozen base under LoRA is loaded anew, not saved at every checkpoint."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
