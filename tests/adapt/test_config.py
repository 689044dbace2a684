import pytest

from llmlab.adapt.config import LoraConfig
from llmlab.artifacts.params import build

WHERE = "params.yaml: lora.adapter"


@pytest.mark.parametrize(
    "change",
    [
        {"rank": 0},
        {"alpha": 0},
        {"dropout": 1.0},
        {"dropout": -0.1},
        {"ranks": {"query": 0}},
        {"alphas": {"query": -1.0}},
        {"mean_rank": 0},
        {"probe": 1.0},
        {"quantize": "int4"},
        {"dora": "maybe"},
    ],
    ids=str,
)
def test_values_out_of_range_are_refused_by_the_loader(change, refuses):
    refuses([f"{WHERE}.{next(iter(change))}"], build, LoraConfig, change, WHERE)


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ({"rank": 8, "mean_rank": 8}, ["mean_rank 8 is not below rank 8"]),
        ({"rank": 8, "mean_rank": 4, "ranks": {"query": 2}}, ["mean_rank moves what ranks would fix"]),
        ({"rank": 8, "mean_rank": 4, "dora": True}, ["dora"]),
    ],
    ids=str,
)
def test_pairs_that_cannot_be_are_refused(pair, words, refuses):
    refuses([*words, "lora.adapter."], build, LoraConfig, pair, WHERE)


def test_every_other_pair_of_switches_is_allowed():
    switches = {"ranks": {"query": 2}, "dora": True, "rank_stabilized": True, "quantize": "nf4", "dropout": 0.1}
    for one, first in switches.items():
        for other, second in switches.items():
            config = build(LoraConfig, {one: first, other: second}, WHERE)
            assert getattr(config, other) == second


def test_numbers_written_as_text_are_read():
    config = build(LoraConfig, {"rank": "4", "ranks": {"query": "2"}, "mean_rank": None, "targets": ["ffn"]}, WHERE)
    assert (config.rank, config.ranks, config.targets) == (4, {"query": 2}, ["ffn"])
