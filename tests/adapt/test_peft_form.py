"""Adapter files both ways: ours read by the PEFT library, and what it writes read by us."""

import json

import pytest
import torch
from peft import LoraConfig as PeftConfig
from peft import PeftModel, get_peft_model

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import add_lora, parts_of
from llmlab.adapt.nf4_linear import dequantize_layers, quantize_layers
from llmlab.adapt.peft_form import from_peft_config, layer_of, to_peft_name
from llmlab.adapt.store import load_adapter, read_peft, save_adapter

BASE = "cd" * 32
OURS = {
    "subset": LoraConfig(rank=4, targets=["query", "value"]),
    "one layer": LoraConfig(rank=4, targets=["blocks.1.ffn.up"]),
    "ranks and alphas": LoraConfig(rank=4, ranks={"ffn": 2, "blocks.0.attention.query": 7}, alphas={"key": 3.0}),
    "stabilised": LoraConfig(rank=4, alpha=5.0, ranks={"ffn": 9}, rank_stabilized=True),
    "dora": LoraConfig(rank=4, dora=True, dropout=0.1),
    "dora by layer": LoraConfig(rank=4, dora=True, targets=["attention"], ranks={"query": 2}),
    "packed": LoraConfig(rank=4, quantize="nf4-double"),
}
THEIRS = {
    "plain": {"r": 4, "lora_alpha": 12, "target_modules": ["query", "down"]},
    "regex": {"r": 4, "target_modules": r".*\.0\.(attention|ffn)\.(query|up)"},
    "all": {"r": 2, "target_modules": "all-linear", "exclude_modules": ["head"]},
    "patterns": {
        "r": 4,
        "lora_alpha": 8,
        "target_modules": ["query", "up"],
        "rank_pattern": {"blocks.0.ffn.up": 6, "query": 3},
        "alpha_pattern": {"up": 5},
        "use_rslora": True,
    },
    "dora": {"r": 4, "lora_alpha": 3, "target_modules": ["key", "gate"], "use_dora": True, "lora_dropout": 0.2},
}


@pytest.mark.parametrize("case", OURS)
def test_what_we_write_peft_reads(case, adapted, make_model, ids, tmp_path):
    """Every tensor finds its layer, and the logits agree, merged and not; a packed base as its rounded weights."""
    config = OURS[case]
    model = adapted(config)
    save_adapter(model, tmp_path, config, BASE, {})
    plain = make_model()
    if config.quantize != "none":
        quantize_layers(plain, True)
        dequantize_layers(plain)
    before = plain(ids)
    wrapped = PeftModel.from_pretrained(plain, str(tmp_path)).eval()
    theirs = {name for name, _ in wrapped.named_parameters() if "lora_" in name}
    assert len(theirs) == sum(len(list(part.parameters())) for part in parts_of(model).values())
    with torch.no_grad():
        assert (wrapped.base_model(ids) - model(ids)).abs().max() < 2e-5
        assert (before - model(ids)).abs().max() > 0.05
        assert (wrapped.merge_and_unload()(ids) - model(ids)).abs().max() < 2e-5


@pytest.mark.parametrize("case", OURS)
def test_what_we_write_we_read(case, adapted, make_model, ids, tmp_path):
    config = OURS[case]
    model = adapted(config)
    save_adapter(model, tmp_path, config, BASE, {})
    loaded = make_model()
    load_adapter(loaded, tmp_path, BASE)
    assert torch.equal(loaded.eval()(ids), model(ids))


@pytest.mark.parametrize("case", THEIRS)
def test_what_peft_writes_we_read(case, make_model, ids, tmp_path):
    wrapped = get_peft_model(make_model(), PeftConfig(init_lora_weights=False, **THEIRS[case])).eval()
    if THEIRS[case].get("use_dora"):
        with torch.no_grad():
            for name, parameter in wrapped.named_parameters():
                if "magnitude" in name:
                    parameter.mul_(1.2)
    wrapped.save_pretrained(str(tmp_path))
    model = make_model()
    config = read_peft(model, tmp_path, "guest")
    with torch.no_grad():
        expected = wrapped.base_model(ids)
        assert (model.eval()(ids) - expected).abs().max() < 2e-5
        assert (make_model()(ids) - expected).abs().max() > 0.05
    assert config.dora == bool(THEIRS[case].get("use_dora"))
    # And once more through our own form.
    again = tmp_path / "again"
    again.mkdir()
    save_adapter(model, again, config, BASE, {}, "guest")
    second = make_model()
    load_adapter(second, again, BASE)
    assert torch.equal(second.eval()(ids), model(ids))


def test_keys_that_say_nothing_are_left_out(adapted, tmp_path):
    config = LoraConfig(rank=4, alpha=8.0)
    save_adapter(adapted(config), tmp_path, config, BASE, {})
    assert set(json.loads((tmp_path / "adapter_config.json").read_text())) == {
        "peft_type", "task_type", "r", "lora_alpha", "lora_dropout", "target_modules", "bias", "fan_in_fan_out",
        "inference_mode",
    }  # fmt: skip


def test_layers_are_named_by_their_last_part_where_that_says_enough(make_model, tmp_path):
    for targets, written in (
        (["attention"], ["key", "output", "query", "value"]),
        (["blocks.0.ffn"], ["blocks.0.ffn.down", "blocks.0.ffn.gate", "blocks.0.ffn.up"]),
    ):
        config = LoraConfig(rank=2, targets=targets)
        model = make_model()
        add_lora(model, config, torch.Generator())
        save_adapter(model, tmp_path, config, BASE, {})
        assert json.loads((tmp_path / "adapter_config.json").read_text())["target_modules"] == written


def test_names_of_tensors():
    for part in ("A", "B", "magnitude"):
        assert layer_of(to_peft_name(f"blocks.0.ffn.up.{part}")) == "blocks.0.ffn.up"
    for name in ("blocks.0.ffn.up.lora_A.weight", "base_model.model.up.lora_embedding_A", "x"):
        assert layer_of(name) is None


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"peft_type": "LOHA"}, "LOHA"),
        ({"r": None}, "no rank"),
        ({"bias": "all"}, "biases"),
        ({"lora_bias": True}, "biases"),
        ({"modules_to_save": ["head"]}, "modules_to_save"),
        ({"fan_in_fan_out": True}, "fan_in_fan_out"),
        ({"init_lora_weights": "pissa_niter_4"}, "pissa"),
        ({"rank_pattern": {"(a|a)*b": 3}}, "regular expressions"),
        ({"lora_dropout": 7}, "dropout"),
    ],
    ids=str,
)
def test_adapters_of_another_kind_are_refused(change, word, tmp_path, refuses):
    peft = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["query"], **change}
    refuses(["adapter_config.json", word], from_peft_config, peft, {}, tmp_path / "adapter_config.json", "none")


def test_tensors_that_are_no_loras_do_not_fit(make_model, refuses, tmp_path):
    wrapped = get_peft_model(make_model(), PeftConfig(r=2, target_modules=["embedding"]))
    wrapped.save_pretrained(str(tmp_path), save_embedding_layers=False)
    refuses(["does not fit", "lora_embedding"], read_peft, make_model(), tmp_path)
