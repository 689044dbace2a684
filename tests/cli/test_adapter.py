"""`lab adapter` on the project in miniature."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraConfig as PeftConfig
from peft import get_peft_model

from llmlab.adapt.lora import merge_lora
from llmlab.adapt.store import load_adapter
from llmlab.model.checkpoint import load_model, weights_hash

LOUD, BASE = "models/adapters/loud", ("--model", "models/base")


def logits(adapter: Path | None) -> torch.Tensor:
    model = load_model(Path("models/base"), "pretrain")
    if adapter is not None:
        load_adapter(model, adapter, weights_hash(Path("models/base"), "pretrain"))
        merge_lora(model)
    with torch.no_grad():
        return model(torch.arange(20, 50)[None])


def test_two_halves_are_a_whole(works: Callable[..., str], project: Path) -> None:
    shutil.copytree(project / LOUD, project / "models/again")
    text = works("adapter", "merge", f"{LOUD}=0.25", "models/again=0.75", *BASE, "--out", "models/both", "--rank", "2")
    assert "holds 100.0 %" in text
    whole = logits(Path(LOUD))
    assert torch.allclose(logits(Path("models/both")), whole, atol=1e-3)
    assert not torch.allclose(logits(None), whole, atol=0.1)
    facts = json.loads((project / "models/both/base.json").read_text(encoding="utf-8"))
    assert facts["merged"] == {"loud": 0.25, "again": 0.75}
    assert (facts["base"], facts["method"]) == ("base", "linear")


def test_density_drops_numbers_by_seed(works: Callable[..., str]) -> None:
    found = []
    for number, seed in enumerate("112"):
        out = Path(f"models/dare-{number}")
        works(
            "adapter", "merge", LOUD, *BASE, "--method", "dare", "--density", "0.5", "--seed", seed, "--out", str(out)
        )
        found.append(logits(out))
    assert torch.equal(found[0], found[1])
    assert not torch.allclose(found[0], found[2], atol=1e-3)


def test_a_merged_adapter_can_be_sampled_with(works: Callable[..., str]) -> None:
    works("adapter", "merge", LOUD, *BASE, "--method", "ties", "--density", "0.9", "--out", "models/ties")
    short = ("--max-new", "8", "--temperature", "0")
    assert works("sample", "The", "--adapter", "models/ties", *short) != works("sample", "The", *short)


def test_an_adapter_of_peft_is_taken(works: Callable[..., str], project: Path) -> None:
    peft = PeftConfig(r=2, target_modules=["query"], init_lora_weights=False)
    wrapped = get_peft_model(load_model(Path("models/base"), "pretrain"), peft).eval()
    wrapped.save_pretrained(str(project / "theirs"))
    assert "2 layers, rank 2" in works("adapter", "import", "theirs", *BASE, "--out", "models/guest")
    with torch.no_grad():
        expected = wrapped.base_model(torch.arange(20, 50)[None])
    assert torch.allclose(logits(Path("models/guest")), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["merge", LOUD, *BASE, "--out", "models/base"], ["models/base is there already", "--out"]),
        (["merge", f"{LOUD}=much", *BASE, "--out", "x"], ["'much'", "=0.5"]),
        (["merge", LOUD, "--out", "x"], ["belongs to base"]),
        (["merge", "models/none", *BASE, "--out", "x"], ["models/none/base.json"]),
        (["merge", LOUD, *BASE, "--out", "x", "--density", "0.5"], ["linear merge"]),
        (["merge", LOUD, *BASE, "--out", "x", "--method", "ties", "--density", "7"], ["density", "7"]),
        (["import", "nowhere", *BASE, "--out", "x"], ["nowhere/adapter_config.json"]),
    ],
    ids=str,
)
def test_bad_input(fails: Callable[..., str], project: Path, arguments: list[str], said: list[str]) -> None:
    text = fails("adapter", *arguments)
    for word in said:
        assert word in text
    assert not (project / "x").exists()
