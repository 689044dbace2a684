import pytest

from llmlab.adapt.config import LoraConfig
from llmlab.adapt.recipe import AdapterConfig, split_steps
from llmlab.artifacts.params import build
from llmlab.train.config import TrainConfig

SECTION = {
    "name": "english-chat",
    "kinds": ["chat"],
    "adapter": {"rank": "4"},
    "train": {"steps": 30, "rows": 2, "lr": "1e-4"},
}


def test_a_section_becomes_a_recipe():
    recipe = build(AdapterConfig, SECTION, "params.yaml: lora")
    assert (recipe.base, recipe.adapter.rank, recipe.train.lr) == ("chat", 4, 1e-4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "../up"}, ["lora.name"]),
        ({"name": "Big"}, ["lora.name"]),
        ({"base": "other"}, ["lora.base"]),
        ({"adapter": {"rnak": 4}}, ["did you mean `rank`"]),
        ({"adapter": {"rank": 4, "mean_rank": 2, "dora": True}}, ["lora", "dora"]),
        ({"adapter": {"rank": 4, "mean_rank": 2}}, ["lora", "warmup 20", "9 steps before or 21 after", "probe"]),
        ({"train": {"steps": 30, "rows": 2, "lr": 99}}, ["lora.train.lr", "99"]),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(change, words, refuses):
    refuses(words, build, AdapterConfig, {**SECTION, **change}, "params.yaml: lora")


def test_the_steps_before_the_move_are_a_share():
    config = LoraConfig(rank=4, mean_rank=2, probe=0.25)
    assert split_steps(config, TrainConfig(rows=1, warmup=1, steps=40)) == (10, 30)
    assert split_steps(config, TrainConfig(rows=1, warmup=1, steps=10)) == (2, 8)
