import pytest

from llmlab.adapt.recipe import AdapterConfig
from llmlab.artifacts.params import build

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
        ({"train": {"steps": 30, "rows": 2, "lr": 99}}, ["lora.train.lr", "99"]),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(change, words, refuses):
    refuses(words, build, AdapterConfig, {**SECTION, **change}, "params.yaml: lora")
