import torch
from torch import nn

from llmlab.model.surgery import find, is_inner_linear, replace


def test_inner_linears_are_those_of_the_blocks_and_not_the_head(make_model):
    names = [name for name, _ in find(make_model(), is_inner_linear)]
    parts = [
        "attention.query",
        "attention.key",
        "attention.value",
        "attention.output",
        "ffn.gate",
        "ffn.up",
        "ffn.down",
    ]
    assert names == [f"blocks.{n}.{part}" for n in range(2) for part in parts]


def test_replacing_with_the_same_changes_nothing(make_model, ids):
    model = make_model()
    before = model(ids)
    assert replace(model, is_inner_linear, lambda module: module) == [n for n, _ in find(model, is_inner_linear)]
    assert torch.equal(model(ids), before)


def test_what_is_made_takes_the_place(make_model, ids):
    model = make_model()
    before = model(ids)

    def silent(module):
        return nn.Linear(module.in_features, module.out_features, bias=False).requires_grad_(False)

    names = replace(model, lambda name, module: is_inner_linear(name, module) and name.endswith("up"), silent)
    assert names == ["blocks.0.ffn.up", "blocks.1.ffn.up"]
    assert not model.blocks[0].ffn.up.weight.requires_grad
    assert not torch.equal(model(ids), before)


def test_nothing_wanted_is_nothing_done(make_model):
    assert replace(make_model(), lambda name, module: False, lambda module: nn.Identity()) == []
