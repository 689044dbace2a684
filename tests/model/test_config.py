import dataclasses

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.model.config import ModelConfig

ILLEGAL = [
    ({"width": 33}, ["width 33", "head_size 16"]),
    ({"width": 8}, ["width 8", "head_size 16"]),
    ({"width": 64, "kv_heads": 3}, ["4 query heads", "3 kv_heads"]),
    ({"kv_heads": 4}, ["2 query heads", "4 kv_heads"]),
    ({"width": 30, "head_size": 15}, ["head_size 15", "odd"]),
    ({"window": 33}, ["window 33", "context 32"]),
    ({"position": "none", "window": 1}, ["window 1"]),
    ({"context": 4, "smear": 4}, ["smear", "context"]),
]
LEGAL = [
    {"width": 30, "head_size": 15, "position": "learned"},
    {"window": 32},
    {"position": "none", "window": 1, "ngram_rows": 7},
    {"position": "none", "window": 1, "smear": 1},
    {"position": "none", "window": 2},
    {"window": 1},
    {"width": 64, "kv_heads": 2},
]


@pytest.mark.parametrize(("changes", "words"), ILLEGAL, ids=str)
def test_illegal_pairs_are_refused_at_construction(changes, words, tiny, refuses):
    refuses([*words, "params.yaml"], tiny, **changes)
    values = {"depth": 2, "width": 32, "head_size": 16, "context": 32, **changes}
    refuses(["params.yaml: model", *words], build, ModelConfig, values, "params.yaml: model")


@pytest.mark.parametrize("changes", LEGAL, ids=str)
def test_the_pairs_beside_them_are_legal_and_run(changes, make_model, ids):
    assert make_model(**changes)(ids).isfinite().all()


@pytest.mark.parametrize(
    "changes",
    [{"depth": 0}, {"dropout": 1.0}, {"dropout": -0.1}, {"ngram_rows": -1}, {"rope_base": 1}, {"ffn": "moe"},
     {"norm": "batch"}, {"position": "alibi"}, {"head_size": 0}, {"window": 0}, {"context": 0}, {"hidden": 0}],
    ids=str,
)  # fmt: skip
def test_values_out_of_range_are_refused_by_the_loader(changes, refuses):
    key = next(iter(changes))
    refuses([f"params.yaml: model.{key}"], build, ModelConfig, {"depth": 2, **changes}, "params.yaml: model")


def test_sizes_follow_from_depth():
    config = ModelConfig(depth=4)
    assert (config.resolved_width, config.heads, config.resolved_kv_heads) == (256, 4, 4)
    assert config.resolved_hidden == 704  # 8/3 of 256 is 682.7; the next multiple of 32
    assert ModelConfig(depth=4, ffn="gelu").resolved_hidden == 1024
    assert ModelConfig(depth=4, hidden=100).resolved_hidden == 100
    assert ModelConfig(depth=4, kv_heads=2).resolved_kv_heads == 2


def test_a_gated_ffn_has_about_the_weights_of_a_plain_one():
    for depth in range(1, 20):
        gated, plain = (
            3 * ModelConfig(depth=depth).resolved_hidden,
            2 * ModelConfig(depth=depth, ffn="gelu").resolved_hidden,
        )
        assert 0 <= gated - plain < 3 * 32


def test_a_config_cannot_be_changed(tiny):
    with pytest.raises(dataclasses.FrozenInstanceError):
        tiny().depth = 3


def test_replacing_a_field_checks_again(tiny):
    with pytest.raises(LabError, match="window 64"):
        dataclasses.replace(tiny(), window=64)
