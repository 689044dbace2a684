import pytest

from llmlab.align.recipe import AlignConfig
from llmlab.artifacts.params import build

TRAIN = {"steps": 30, "rows": 16}


def test_a_recipe_is_built_from_plain_values():
    found = build(AlignConfig, {"train": {**TRAIN, "lr": "1e-4"}, "reward": {"parses": 0.5}, "group": {"kl": 0.1}}, "x")
    assert (found.method, found.train.lr, found.reward.parses, found.group.size) == ("grpo", 1e-4, 0.5, 8)
    assert found.sampling.temperature == 1.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sampling": {"temperature": 0}}, ["temperature 0"]),
        ({"train": {"steps": 30, "rows": 12}}, ["rows 12", "8 answers"]),
        ({"train": {**TRAIN, "compile": True}}, ["compiled"]),
        ({"train": {**TRAIN, "packing": "documents"}}, ["packed"]),
        ({"reward": {"correct": 0}}, ["weight"]),
        ({"group": {"sise": 4}}, ["sise", "size"]),
        ({"method": "ppo"}, ["method"]),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(refuses, change, words):
    refuses(words, build, AlignConfig, {"train": TRAIN, **change}, "x")
