"""The study efficiency: every variant is a legal run, and its summary is what was measured."""

import importlib
import sys
from pathlib import Path

import pytest
import yaml

STUDY = Path(__file__).parents[2] / "studies" / "efficiency"


@pytest.fixture(scope="module", autouse=True)
def study():
    """The study's folder on the import path, as when its scripts run."""
    sys.path.insert(0, str(STUDY))
    yield
    sys.path.remove(str(STUDY))
    for name in ("one", "run"):
        sys.modules.pop(name, None)


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
