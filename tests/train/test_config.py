import pytest

from llmlab.artifacts.params import build
from llmlab.train.config import TrainConfig


def test_the_defaults_are_legal():
    config = build(TrainConfig, {"steps": 100, "rows": 8}, "params.yaml: train")
    assert (config.milestones, config.betas, config.optimizer) == ([], (0.9, 0.95), "adamw")


def test_numbers_written_by_yaml_and_dvc_are_converted():
    values = {
        "steps": 100,
        "rows": 8,
        "lr": "1e-4",
        "muon_lr": "2e-05",
        "betas": ["0.8", "9e-1"],
        "milestones": ["5", 9],
    }
    config = build(TrainConfig, values, "params.yaml: train")
    assert (config.lr, config.muon_lr, config.betas, config.milestones) == (1e-4, 2e-5, (0.8, 0.9), [5, 9])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": 8, "micro_rows": 3}, ["rows 8", "micro_rows 3"]),
        ({"warmup": 100}, ["warmup 100", "100 steps"]),
        ({"steps": 0}, ["train.steps"]),
        ({"lr": 0}, ["train.lr"]),
        ({"lr": "nan"}, ["train.lr"]),
        ({"betas": [0.9, 1.1]}, ["train.betas.1"]),
        ({"betas": [0.9]}, ["train.betas"]),
        ({"clip": 0}, ["train.clip"]),
        ({"optimizer": "sgd"}, ["train.optimizer", "'adamw' or 'muon'"]),
        ({"final_lr": 1.5}, ["train.final_lr"]),
        ({"patience": -1}, ["train.patience"]),
        ({"milestones": [0]}, ["train.milestones.0"]),
        ({"precision": "fp16"}, ["train.precision"]),
        ({"device": "tpu"}, ["train.device"]),
        ({"compile": "perhaps"}, ["train.compile"]),
        ({"processes": 2}, ["2 processes", "`parallel`"]),
        ({"parallel": "fsdp", "compile": True}, ["eager", "`compile: false`"]),
        ({"parallel": "dpp"}, ["train.parallel"]),
        ({"chekpoint_every": 5}, ["did you mean `checkpoint_every`"]),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(change, words, refuses):
    refuses(
        ["params.yaml: train", *words], build, TrainConfig, {"steps": 100, "rows": 8, **change}, "params.yaml: train"
    )
