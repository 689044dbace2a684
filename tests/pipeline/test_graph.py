from pathlib import Path

import pytest

from llmlab.artifacts.params import read_params
from llmlab.pipeline.graph import before, reached, read_stages, stage_called

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def stages():
    return read_stages(ROOT / "dvc.yaml", read_params(ROOT / "params.yaml"))


def names(found):
    return [stage.name for stage in found]


@pytest.mark.parametrize(
    ("keys", "target", "expected"),
    [
        (["train.lr"], "pretrain", ["pretrain"]),
        (["seed", "model.depth"], "pretrain", ["pretrain"]),
        (["shard.kinds"], "pretrain", ["shard", "pretrain"]),
        (["tokenizer.vocab_size", "train.lr"], "pretrain", ["train_tokenizer", "shard", "pretrain"]),
        (["sft.lr"], "sft", ["sft"]),
        (["train.steps"], "sft", ["pretrain", "sft"]),
        (["lora.train.lr"], "lora", ["lora"]),
    ],
)
def test_a_key_reaches_its_readers_and_what_follows_them(stages, keys, target, expected):
    assert names(reached(stages, keys, stage_called(stages, target))) == expected


def test_a_matrix_is_a_stage_for_each_item(stages):
    found = names(reached(stages, ["scrape.english.sources"], stage_called(stages, "pretrain")))
    assert found[:3] == ["scrape@english", "clean@english", "dedupe"]
    assert "clean@chinese" not in found
    stage = stage_called(stages, "clean@chinese")
    assert "data/raw/chinese.parquet" in stage.deps
    assert "--lang" in stage.command and stage.command[stage.command.index("--lang") + 1] == "chinese"


def test_order_and_reach_of_the_whole_pipeline(stages):
    order = names(stages)
    for stage in stages:
        for other in stages:
            if stage is not other and stage.follows(other):
                assert order.index(other.name) < order.index(stage.name)
    way = names(before(stages, stage_called(stages, "pretrain")))
    assert "fingerprint" in way and "sft" not in way and way[-1] == "pretrain"


def test_what_cannot_be_swept_is_named(stages, refuses, tmp_path):
    pretrain = stage_called(stages, "pretrain")
    refuses(["`sft.lr`", "stage pretrain"], reached, stages, ["sft.lr"], pretrain)
    refuses(["`pretrian`", "did you mean `pretrain`"], stage_called, stages, "pretrian")
    refuses(["dvc.yaml is missing"], read_stages, tmp_path / "dvc.yaml", {})
    circle = "stages:\n  a: {cmd: x, deps: [p], outs: [q]}\n  b: {cmd: x, deps: [q], outs: [p]}\n"
    (tmp_path / "dvc.yaml").write_text(circle, encoding="utf-8")
    refuses(["a, b", "circle"], read_stages, tmp_path / "dvc.yaml", {})
    (tmp_path / "dvc.yaml").write_text("stages:\n  a: {cmd: 'x ${no.where}', outs: [q]}\n", encoding="utf-8")
    refuses(["${no.where}"], read_stages, tmp_path / "dvc.yaml", {"no": 1})
