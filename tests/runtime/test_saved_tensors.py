"""Bytes kept for the backward pass, against what the formulas of the derivatives need."""

import torch
from torch import nn

from llmlab.runtime.saved_tensors import bytes_of, kept_for_backward


def test_a_storage_counts_once_however_many_tensors_share_it():
    whole = torch.zeros(6, 4)
    assert bytes_of([whole, whole[2:], whole.T]) == 6 * 4 * 4
    assert bytes_of([whole, torch.zeros(3)]) == 6 * 4 * 4 + 3 * 4


def test_a_product_keeps_its_input_and_only_where_the_weight_learns():
    layer = nn.Linear(8, 5, bias=False)
    x = torch.zeros(7, 8)
    assert kept_for_backward(layer, lambda: layer(x).sum()) == 7 * 8 * 4
    layer.requires_grad_(False)
    assert kept_for_backward(layer, lambda: layer(x).sum()) == 0
    # Into a frozen layer the gradient of the input needs the weight, which is there anyway.
    learned = x.clone().requires_grad_(True)
    assert kept_for_backward(layer, lambda: layer(learned).sum()) == 0


def test_values_made_on_the_way_are_counted():
    layer = nn.Linear(8, 5, bias=False)
    x = torch.zeros(7, 8)
    # exp keeps its own answer beside the layer's input.
    assert kept_for_backward(layer, lambda: layer(x).exp().sum()) == 7 * 8 * 4 + 7 * 5 * 4
