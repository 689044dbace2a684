import pytest

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.lora import LINEAR
from llmlab.adapt.targets import Slot, linear_layers, plan, scale_of
from llmlab.model.surgery import find, is_inner_linear


@pytest.fixture
def planned(make_model):
    model = make_model()
    return lambda **values: plan(model, LINEAR, LoraConfig(**values))


def test_without_targets_every_linear_layer_of_the_blocks_is_meant(planned, make_model):
    assert list(planned()) == [name for name, _ in find(make_model(), is_inner_linear)]


@pytest.mark.parametrize(
    ("targets", "count"),
    [
        (["query"], 2),
        (["attention"], 8),
        (["blocks.0"], 7),
        (["blocks.1.attention", "ffn.up"], 6),
        (["blocks.1.ffn.down"], 1),
        (["query", "attention"], 8),
    ],
    ids=str,
)
def test_a_target_is_any_run_of_parts_of_the_name(planned, targets, count):
    found = planned(targets=targets)
    assert len(found) == count
    assert all(any(f".{target}." in f".{name}." for target in targets) for name in found)


def test_the_longest_name_counts_and_of_equals_the_last(planned):
    found = planned(rank=8, ranks={"blocks.0.attention": 2, "attention": 3, "query": 4, "blocks.0.attention.key": 5})
    ranks = {name: slot.rank for name, slot in found.items()}
    assert ranks["blocks.0.attention.query"] == 2
    assert ranks["blocks.1.attention.query"] == 4
    assert ranks["blocks.0.attention.key"] == 5
    assert ranks["blocks.1.attention.value"] == 3
    assert ranks["blocks.1.ffn.up"] == 8


def test_alpha_and_rank_make_the_scale(planned):
    assert planned(rank=16, alpha=8.0, targets=["blocks.0.attention.query"]) == {
        "blocks.0.attention.query": Slot(16, 0.5)
    }
    assert (scale_of(16, 8.0, False), scale_of(16, 8.0, True)) == (0.5, 2.0)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"targets": ["quary"]}, ["targets names `quary`", "fits no layer", "attention.query"]),
        ({"targets": ["uery"]}, ["targets names `uery`"]),
        ({"targets": ["query"], "ranks": {"ffn": 2}}, ["ranks names `ffn`", "chosen layer"]),
        ({"alphas": {"blocks.7": 2.0}}, ["alphas names `blocks.7`"]),
        ({"ranks": {"query": 33}}, ["rank 33", "32x32", "blocks.0.attention.query"]),
        ({"targets": ["head"]}, ["head shares its weight with embedding.weight"]),
    ],
    ids=str,
)
def test_what_fits_no_layer_is_refused(planned, refuses, values, words):
    refuses([*words, "lora.adapter"], planned, **values)


def test_an_adapted_layer_is_listed_once(adapted, make_model):
    assert linear_layers(adapted(), LINEAR) == linear_layers(make_model(), LINEAR)
