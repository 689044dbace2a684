"""The study efficiency: every variant is a legal run, and its summary is what was measured."""

import importlib
from pathlib import Path

import yaml

STUDY = Path(__file__).parents[2] / "studies" / "efficiency"


def test_each_variant_changes_what_it_says_and_nothing_else(monkeypatch):
    monkeypatch.chdir(STUDY)
    one = importlib.import_module("one")
    plain = one.configs("plain")
    changes = yaml.safe_load((STUDY / "params.yaml").read_text(encoding="utf-8"))["variants"]
    for name, changed in changes.items():
        found = one.configs(name)
        for part, before, after in zip(("model", "train"), plain, found, strict=True):
            different = {key for key in vars(after) if vars(after)[key] != vars(before)[key]}
            assert different == set(changed.get(part, {})), name


def test_warm_steps_do_not_count():
    run = importlib.import_module("run")
    runs = [
        {"seconds": [9.0, 1.0, 1.2, 1.4, 7.0], "memory_mib": 10, "estimate_mib": 11, "loss": 2.5},
        {"seconds": [8.0, 2.0, 2.2, 2.4, 7.0], "memory_mib": 12, "estimate_mib": 11, "loss": 2.5},
    ]
    found = run._summary(runs, 1)
    assert (found["seconds_from"], found["seconds_to"], found["first_step"]) == (1.2, 2.2, 8.5)
    assert found["seconds"] == 1.7
    assert found["repeats_itself"]
    alone = run._summary(runs[:1], 1)
    assert (alone["seconds_from"], alone["seconds_to"]) == (1.0, 1.4)
