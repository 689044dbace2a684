from collections.abc import Callable
from dataclasses import fields

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.train.config import TrainConfig
from llmlab.train.tuning import TuningConfig


def test_every_key_of_train_is_one_here(refuses: Callable[..., LabError]) -> None:
    assert {item.name for item in fields(TuningConfig)} == {item.name for item in fields(TrainConfig)} | {
        "weights",
        "answered",
    }
    config = build(TuningConfig, {"steps": 5, "rows": 2, "warmup": 1, "weights": {"copy": "2", "chat": 0}}, "sft")
    assert config.weights == {"copy": 2.0, "chat": 0.0}
    refuses(["sft"], build, TuningConfig, {"steps": 5, "rows": 2, "warmup": 1, "weights": {"copy": -1}}, "sft")
    refuses(["warmup"], build, TuningConfig, {"steps": 5, "rows": 2, "warmup": 9}, "sft")
