import json

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file

from llmlab.adapt.bank import use
from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import LoraLinear, layers, lora_tensors
from llmlab.adapt.store import ADAPTER_VERSION, load_adapted, load_adapter, save_adapter
from llmlab.model.checkpoint import save_model, weights_hash

CONFIG = LoraConfig(rank=4, alpha=8.0)
BASE = "ab" * 32


@pytest.fixture
def stored(adapted, tmp_path):
    model = adapted(CONFIG)
    folder = tmp_path / "english"
    folder.mkdir()
    save_adapter(model, folder, CONFIG, BASE, {"steps": 3})
    return model, folder


def edit(path, **facts):
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


def test_stored_and_loaded_is_bit_identical(stored, make_model, ids):
    model, folder = stored
    loaded = make_model()
    config = load_adapter(loaded, folder, BASE)
    assert (config.rank, config.alpha, config.dropout, config.dora) == (4, 8.0, 0.0, False)
    assert torch.equal(loaded.eval()(ids), model(ids))
    assert lora_tensors(loaded).keys() == lora_tensors(model).keys()
    assert not any(p.requires_grad for name, p in loaded.named_parameters() if not name.endswith((".A", ".B")))


@pytest.mark.parametrize("changes", [{}, {"kv_heads": 1, "ffn": "gelu", "tie_embeddings": False}], ids=str)
def test_the_peft_library_reads_it(adapted, make_model, ids, tmp_path, changes):
    """The real library, on a plain copy of the base: every tensor finds its layer and the logits agree."""
    config = LoraConfig(rank=4, alpha=12.0, dropout=0.25)
    model = adapted(config, **changes)
    save_adapter(model, tmp_path, config, BASE, {})
    plain = make_model(**changes)
    before = plain(ids)
    wrapped = PeftModel.from_pretrained(plain, str(tmp_path), is_trainable=False).eval()
    with torch.no_grad():
        assert (wrapped.base_model(ids) - model(ids)).abs().max() < 1e-5
        assert (before - model(ids)).abs().max() > 0.1
        merged = wrapped.merge_and_unload()
        assert (merged(ids) - model(ids)).abs().max() < 1e-5
    theirs = wrapped.peft_config["default"]
    assert (theirs.r, theirs.lora_alpha, theirs.lora_dropout) == (4, 12.0, 0.25)


def test_pefts_own_names_are_ours(stored, make_model):
    _, folder = stored
    wrapped = PeftModel.from_pretrained(make_model(), str(folder))
    theirs = {name.replace(".default", "") for name, _ in wrapped.named_parameters() if "lora_" in name}
    assert theirs == set(load_file(folder / "adapter_model.safetensors"))


def test_the_folder_holds_what_it_should(stored):
    _, folder = stored
    names = ["adapter_config.json", "adapter_model.safetensors", "base.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert json.loads((folder / "base.json").read_text()) == {
        "version": ADAPTER_VERSION,
        "base_sha256": BASE,
        "steps": 3,
    }


def test_another_base_is_refused_with_both_hashes_and_left_alone(stored, make_model, refuses):
    model = make_model()
    refuses(["english", BASE[:12], "ffffffffffff", "dvc repro lora"], load_adapter, model, stored[1], "f" * 64)
    assert not any(isinstance(module, LoraLinear) for module in model.modules())


def test_a_base_is_known_by_its_weights(adapted, make_model, tmp_path, refuses):
    """End to end: the adapter of one base folder is refused on the folder of a base that differs in one weight."""
    folders = [tmp_path / name for name in ("one", "other", "adapter")]
    for folder in folders:
        folder.mkdir()
    one, other = make_model(), make_model()
    with torch.no_grad():
        other.norm.weight[0] += 1e-3
    save_model(one, folders[0], "", {}, "")
    save_model(other, folders[1], "", {}, "")
    save_adapter(adapted(CONFIG), folders[2], CONFIG, weights_hash(folders[0], "sft"), {})
    load_adapter(one, folders[2], weights_hash(folders[0], "sft"))
    refuses(["belongs to base"], load_adapter, other, folders[2], weights_hash(folders[1], "sft"))


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors", "base.json"])
def test_a_missing_file_names_itself(stored, make_model, refuses, name):
    (stored[1] / name).unlink()
    refuses([name, "missing", "dvc repro lora"], load_adapter, make_model(), stored[1], BASE)


@pytest.mark.parametrize("version", [0, ADAPTER_VERSION + 1, None])
def test_another_version_is_refused(stored, make_model, refuses, version):
    edit(stored[1] / "base.json", version=version)
    refuses(["base.json", repr(version), "dvc repro -f lora"], load_adapter, make_model(), stored[1], BASE)


def test_truncated_tensors_are_refused(stored, make_model, refuses):
    path = stored[1] / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-5])
    refuses(["adapter_model.safetensors", "dvc repro -f lora"], load_adapter, make_model(), stored[1], BASE)


def test_layers_that_do_not_fit_are_refused(stored, make_model, refuses):
    path = stored[1] / "adapter_model.safetensors"
    tensors = load_file(path)
    name = "base_model.model.blocks.1.ffn.up.lora_A.weight"
    for change in ({name: None}, {"base_model.model.extra.lora_A.weight": torch.ones(1)}, {name: torch.ones(1, 32)}):
        changed = {key: value for key, value in {**tensors, **change}.items() if value is not None}
        save_file(changed, path)
        refuses(["english", next(iter(change))], load_adapter, make_model(), stored[1], BASE)
    save_file(tensors, path)
    refuses(["does not fit"], load_adapter, make_model(depth=3), stored[1], BASE)
    edit(stored[1] / "adapter_config.json", r=8)
    refuses(["does not fit"], load_adapter, make_model(), stored[1], BASE)


def test_every_adapted_layer_is_named_once(stored):
    model, folder = stored
    targets = json.loads((folder / "adapter_config.json").read_text())["target_modules"]
    assert targets == ["down", "gate", "key", "output", "query", "up", "value"]
    assert {name.rpartition(".")[2] for name in layers(model)} == set(targets)


def test_every_adapter_of_a_folder_comes_merged_into_its_own_base(adapted, make_model, ids, tmp_path):
    models = {"base": tmp_path / "base", "chat": tmp_path / "chat"}
    for number, folder in enumerate(models.values()):
        folder.mkdir()
        save_model(make_model(seed=number), folder, "", {}, "")
    expected = {}
    for name, base, seed in (("one", "base", 1), ("two", "chat", 2), ("three", "chat", 3)):
        folder = tmp_path / "adapters" / name
        folder.mkdir(parents=True)
        number = list(models).index(base)
        model = adapted(CONFIG, seed=seed)
        load = make_model(seed=number)
        save_adapter(model, folder, CONFIG, weights_hash(models[base], "sft"), {"base": base})
        load_adapter(load, folder, weights_hash(models[base], "sft"))
        expected[name] = load(ids)
    found = load_adapted(tmp_path / "adapters", models, {"base": "pretrain", "chat": "sft"})
    assert sorted(found) == ["one", "three", "two"]
    for name, model in found.items():
        assert (model(ids) - expected[name]).abs().max() < 1e-5, name
        assert not any(isinstance(module, LoraLinear) for module in model.modules())
        assert not model.training


def test_several_come_onto_one_model_and_are_switched(adapted, make_model, ids, tmp_path):
    configs = {"one": CONFIG, "two": LoraConfig(rank=2, targets=["ffn"], dora=True)}
    expected, model = {}, make_model()
    for seed, (name, config) in enumerate(configs.items()):
        (tmp_path / name).mkdir()
        whole = adapted(config, seed=seed)
        expected[name] = whole(ids)
        save_adapter(whole, tmp_path / name, config, BASE, {})
    for name in configs:
        load_adapter(model, tmp_path / name, BASE, name)
    for name in ("one", "two", "one"):
        use(model, {name: 1.0})
        assert torch.equal(model.eval()(ids), expected[name])


def test_the_packing_of_the_base_is_kept_and_merging_is_from_it(adapted, make_model, ids, tmp_path):
    folder, config = tmp_path / "models", LoraConfig(rank=4, quantize="nf4-double")
    (folder / "packed").mkdir(parents=True)
    (tmp_path / "base").mkdir()
    save_model(make_model(), tmp_path / "base", "", {}, "")
    model = adapted(config)
    facts = {"base": "base", "steps": 3}
    save_adapter(model, folder / "packed", config, weights_hash(tmp_path / "base", "pretrain"), facts)
    assert json.loads((folder / "packed" / "base.json").read_text())["quantize"] == "nf4-double"
    found = load_adapted(folder, {"base": tmp_path / "base"}, {"base": "pretrain"})["packed"]
    assert (found(ids) - model(ids)).abs().max() < 2e-5
    assert found.state_dict().keys() == make_model().state_dict().keys()
