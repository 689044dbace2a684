import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from llmlab.model.checkpoint import (
    check_tokenizer,
    load_model,
    load_weights,
    parameters_of,
    save_model,
    save_weights,
    weights_hash,
)
from llmlab.model.count import count_parameters
from llmlab.model.transformer import Transformer

HASH = "12" * 32


@pytest.fixture(params=[True, False], ids=["tied", "untied"])
def saved(request, make_model, tmp_path):
    model = make_model(tie_embeddings=request.param)
    save_model(model, tmp_path, HASH, {"steps": 3}, "# card\n")
    return model, tmp_path


def rewrite(folder, change):
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def test_saved_and_loaded_is_bit_identical(flags, make_model, ids, tmp_path):
    model = make_model(**flags)
    save_model(model, tmp_path, HASH, {}, "")
    loaded = load_model(tmp_path, "pretrain", HASH)
    assert loaded.config == model.config
    assert not loaded.training
    assert all(
        torch.equal(a, b) for a, b in zip(loaded.state_dict().values(), model.state_dict().values(), strict=True)
    )
    with torch.no_grad():
        assert torch.equal(loaded(ids), model(ids))
    assert (loaded.head.weight is loaded.embedding.weight) is flags["tie_embeddings"]


def test_the_folder_holds_what_it_should(saved):
    model, folder = saved
    names = ["README.md", "config.json", "model.safetensors", "tokenizer.json", "training.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert json.loads((folder / "config.json").read_text())["vocab_size"] == 97
    assert json.loads((folder / "tokenizer.json").read_text()) == {"sha256": HASH}
    assert json.loads((folder / "training.json").read_text()) == {"steps": 3}
    assert ("head.weight" in load_file(folder / "model.safetensors")) is not model.config.tie_embeddings


def test_a_missing_key_is_refused(saved, refuses):
    _, folder = saved
    rewrite(folder, lambda tensors: tensors.pop("blocks.1.ffn.up.weight"))
    refuses(["model.safetensors", "blocks.1.ffn.up.weight", "dvc repro -f sft"], load_model, folder, "sft")


@pytest.mark.parametrize("name", ["blocks.2.ffn.up.weight", "extra"])
def test_an_unexpected_key_is_refused(saved, refuses, name):
    _, folder = saved
    rewrite(folder, lambda tensors: tensors.update({name: torch.zeros(2)}))
    refuses(["model.safetensors", name], load_model, folder, "sft")


def test_a_head_of_its_own_is_refused_by_a_tied_model(make_model, tmp_path, refuses):
    save_weights(make_model(tie_embeddings=False), tmp_path / "w.safetensors")
    refuses(["w.safetensors", "head.weight"], load_weights, make_model(), tmp_path / "w.safetensors", "sft")


def test_a_wrong_shape_is_refused(saved, refuses):
    _, folder = saved
    rewrite(folder, lambda tensors: tensors.update({"norm.weight": torch.ones(31)}))
    refuses(["model.safetensors", "norm.weight"], load_model, folder, "sft")


@pytest.mark.parametrize("cut", [1, 1000])
def test_a_truncated_file_is_refused(saved, refuses, cut):
    _, folder = saved
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-cut])
    refuses(["model.safetensors", "dvc repro -f sft"], load_model, folder, "sft")


@pytest.mark.parametrize("version", [0, 2, None])
def test_another_version_is_refused(saved, refuses, version):
    _, folder = saved
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "version": version}))
    refuses(["config.json", repr(version), "dvc repro -f sft"], load_model, folder, "sft")


def test_a_config_with_unknown_or_illegal_values_is_refused(saved, refuses):
    _, folder = saved
    config = json.loads((folder / "config.json").read_text())
    for change, word in (({"alibi": True}, "alibi"), ({"window": 99}, "window 99")):
        (folder / "config.json").write_text(json.dumps({**config, "model": {**config["model"], **change}}))
        refuses(["config.json", word], load_model, folder, "sft")


def test_another_tokenizer_is_refused_with_both_hashes(saved, refuses):
    _, folder = saved
    load_model(folder, "sft")
    check_tokenizer(folder, HASH, "sft")
    for check in (lambda: load_model(folder, "sft", "f" * 64), lambda: check_tokenizer(folder, "f" * 64, "sft")):
        refuses([str(folder), HASH[:12], "ffffffffffff", "dvc repro sft"], check)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_names_itself_and_the_stage(saved, refuses, name):
    _, folder = saved
    (folder / name).unlink()
    refuses([name, "missing", "dvc repro sft"], load_model, folder, "sft", HASH)


def test_a_failed_load_leaves_the_model_as_it_was(saved, make_model, refuses):
    model, folder = saved
    other = make_model(seed=9, tie_embeddings=model.config.tie_embeddings)
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    rewrite(folder, lambda tensors: tensors.pop("norm.weight"))
    refuses(["norm.weight"], load_weights, other, folder / "model.safetensors", "sft")
    assert all(torch.equal(before[name], tensor) for name, tensor in other.state_dict().items())


def test_the_hash_is_of_names_and_values_alone(saved, tmp_path):
    model, folder = saved
    first = weights_hash(folder, "sft")
    (folder / "README.md").write_text("other words")
    save_weights(model, folder / "model.safetensors")
    assert weights_hash(folder, "sft") == first
    rewrite(folder, lambda tensors: tensors["norm.weight"].__setitem__(0, 2.0))
    assert weights_hash(folder, "sft") != first


def test_shared_parameters_count_once(tiny):
    for tied in (True, False):
        config = tiny(tie_embeddings=tied)
        assert parameters_of(Transformer(config, 97)) == count_parameters(config, 97)["total"]
