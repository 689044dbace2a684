"""A model on disk: safetensors weights beside a JSON config; loading is strict and pickle-free."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import check_version, read_json
from llmlab.artifacts.params import build, to_dict
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.runtime.tensors import read_tensors, write_tensors

MODEL_VERSION = 1


def save_weights(model: nn.Module, path: Path) -> None:
    """Write the weights as fp32 safetensors; a tied head is stored once, as the embedding."""
    write_tensors(path, {name: tensor.float() for name, tensor in _stored(model).items()})


def load_weights(model: Transformer, path: Path, stage: str) -> None:
    """Fill `model` from a weights file, strictly.

    Raises:
        LabError: the file is missing or broken, a key is missing or unexpected, or a shape differs.
    """
    tensors = read_tensors(path, stage)
    wanted = _stored(model)
    wrong = sorted(wanted.keys() ^ tensors.keys()) + sorted(
        name for name in wanted.keys() & tensors.keys() if wanted[name].shape != tensors[name].shape
    )
    if wrong:
        raise LabError(
            f"{path} does not fit the model's config: {', '.join(wrong[:5])}",
            f"run `dvc repro -f {stage}`, which writes it",
        )
    if model.config.tie_embeddings:
        tensors["head.weight"] = tensors["embedding.weight"]
    model.load_state_dict(tensors, strict=True)


def _stored(model: nn.Module) -> dict[str, Tensor]:
    tied = isinstance(model, Transformer) and model.config.tie_embeddings
    return {name: tensor for name, tensor in model.state_dict().items() if not (tied and name == "head.weight")}


def save_model(model: Transformer, folder: Path, tokenizer_hash: str, training: Mapping[str, Any], card: str) -> None:
    """Write weights, config, tokenizer reference, training facts and model card into an existing folder."""
    save_weights(model, folder / "model.safetensors")
    config = {"version": MODEL_VERSION, "vocab_size": model.vocab_size, "model": to_dict(model.config)}
    write_json(folder / "config.json", config)
    write_json(folder / "tokenizer.json", {"sha256": tokenizer_hash})
    write_json(folder / "training.json", dict(training))
    (folder / "README.md").write_text(card, encoding="utf-8", newline="\n")


def load_model(folder: Path, stage: str, tokenizer_hash: str | None = None) -> Transformer:
    """The model that `stage` wrote, in evaluation mode on the CPU.

    Raises:
        LabError: missing or broken files, another format version, or another tokenizer than `tokenizer_hash`.
    """
    config = read_json(folder / "config.json", stage)
    check_version(config.get("version"), MODEL_VERSION, folder / "config.json", f"run `dvc repro -f {stage}`")
    if tokenizer_hash is not None:
        check_tokenizer(folder, tokenizer_hash, stage)
    model = Transformer(build(ModelConfig, config["model"], f"{folder}/config.json: model"), config["vocab_size"])
    load_weights(model, folder / "model.safetensors", stage)
    return model.eval()


def check_tokenizer(folder: Path, tokenizer_hash: str, stage: str) -> None:
    """Refuse a model or adapter folder made with another tokenizer.

    Raises:
        LabError: names both hashes.
    """
    made_with = read_json(folder / "tokenizer.json", stage).get("sha256")
    if made_with != tokenizer_hash:
        raise LabError(
            f"{folder} was made with tokenizer {str(made_with)[:12]}, the one at hand is {tokenizer_hash[:12]}",
            f"run `dvc repro {stage}`, which rebuilds it on the present tokenizer",
        )


def weights_hash(folder: Path, stage: str) -> str:
    """A hash of the weights alone, by name and value: what an adapter is bound to; errors as `load_weights`."""
    digest = hashlib.sha256()
    for name, tensor in sorted(read_tensors(folder / "model.safetensors", stage).items()):
        digest.update(json.dumps([name, list(tensor.shape)]).encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def parameters_of(model: nn.Module) -> int:
    """Parameters held, a shared one counted once."""
    return sum(parameter.numel() for parameter in model.parameters())
