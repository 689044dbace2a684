import pytest
import torch
from torch import nn

from llmlab.train.config import TrainConfig
from llmlab.train.groups import make_optimizers, set_rate

CONFIG = {"steps": 10, "rows": 1, "warmup": 0, "weight_decay": 0.3, "embedding_decay": 0.07, "lr": 0.01, "muon_lr": 0.5}


def decays(model, **changes):
    """Name to (optimizer, decay, peak), and that every parameter is in exactly one group."""
    names = {id(p): name for name, p in model.named_parameters()}
    found = {}
    for optimizer in make_optimizers(model, TrainConfig(**{**CONFIG, **changes})):
        for group in optimizer.param_groups:
            for p in group["params"]:
                assert names[id(p)] not in found
                found[names[id(p)]] = (type(optimizer).__name__, group["weight_decay"], group["peak"])
    assert found.keys() == {name for name, p in model.named_parameters() if p.requires_grad}
    return found


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
@pytest.mark.parametrize("tied", [True, False])
def test_every_parameter_has_the_right_optimizer_and_decay(make_model, optimizer, tied):
    model = make_model(tie_embeddings=tied, position="learned", ngram_rows=61)
    for name, found in decays(model, optimizer=optimizer).items():
        if "norm" in name:
            assert found == ("AdamW", 0.0, 0.01), name
        elif name.startswith("blocks."):
            assert found == (("Muon", 0.3, 0.5) if optimizer == "muon" else ("AdamW", 0.3, 0.01)), name
        else:
            assert found == ("AdamW", 0.07, 0.01), name


def test_frozen_parameters_are_in_no_group(make_model):
    model = make_model()
    model.requires_grad_(False)
    model.blocks[0].ffn.up.weight.requires_grad_(True)
    assert decays(model) == {"blocks.0.ffn.up.weight": ("AdamW", 0.3, 0.01)}
    assert decays(model, optimizer="muon") == {"blocks.0.ffn.up.weight": ("Muon", 0.3, 0.5)}


def test_only_some_parameters_may_have_an_optimizer_here(make_model):
    model, config = make_model(), TrainConfig(**CONFIG, optimizer="muon")
    only = {"embedding.weight", "blocks.1.ffn.up.weight"}
    found = {
        id(p)
        for optimizer in make_optimizers(model, config, only=only)
        for g in optimizer.param_groups
        for p in g["params"]
    }
    assert found == {id(p) for name, p in model.named_parameters() if name in only}
    assert make_optimizers(model, config, only=()) == []


def test_a_share_scales_each_group_from_its_own_peak(make_model):
    optimizers = make_optimizers(make_model(), TrainConfig(**CONFIG, optimizer="muon"))
    for share in (0.5, 0.1, 1.0):  # from the peak, never from the last value
        set_rate(optimizers, share)
        rates = {type(o).__name__: {group["lr"] for group in o.param_groups} for o in optimizers}
        assert rates == {"Muon": {0.5 * share}, "AdamW": {0.01 * share}}


def test_a_muon_step_is_nearly_orthogonal():
    """Newton-Schulz brings the singular values of a rectangular gradient near one (Jordan et al. 2024)."""
    model = nn.ModuleDict({"blocks": nn.Linear(128, 64, bias=False)})
    before = model["blocks"].weight.detach().clone()
    config = TrainConfig(steps=10, rows=1, warmup=0, optimizer="muon", muon_lr=1.0, weight_decay=0.0)
    (muon,) = make_optimizers(model, config)
    model["blocks"].weight.grad = torch.randn(64, 128)
    muon.step()
    singular = torch.linalg.svdvals(before - model["blocks"].weight.detach())
    assert singular.min() > 0.6
    assert singular.max() < 1.25
