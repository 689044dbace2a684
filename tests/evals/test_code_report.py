from dataclasses import replace
from typing import Any

import pytest

from llmlab.evals import code_report
from llmlab.evals.code_report import FOLLOWED, correlations
from llmlab.evals.subject import Subject

from .test_report import CONFIG

PARTS = {"begun", "cloze", "classes", "along"}


@pytest.fixture(scope="module")
def figures(subject: Subject) -> dict[str, Any]:
    return code_report.smalltalk(subject, CONFIG, 1)[0]


def test_every_part_has_model_baseline_and_ceiling(figures: dict[str, Any]) -> None:
    for part in (figures, figures["begun"], figures["classes"]):
        assert {"model", "kneser_ney", "ceiling"} <= set(part)
    assert set(figures["cloze"]) == {"gaps", "model", "kneser_ney", "commonest", "chance"}
    assert figures["ceiling"]["name_sound"] == figures["begun"]["ceiling"]["exact"] == 1.0
    assert figures["classes"]["ceiling"]["header"] == 1.0
    assert list(figures["along"]) == ["2", "10", "final"]


def test_the_finished_model_is_judged_by_its_own_completions(figures: dict[str, Any]) -> None:
    assert figures["along"]["final"]["completions"] == CONFIG.milestone_completions
    assert set(figures["along"]["2"]) == {"completions", *FOLLOWED}


@pytest.mark.parametrize(
    ("switch", "gone"),
    [("begun", "begun"), ("clozes", "cloze"), ("classes", "classes"), ("milestone_completions", "along")],
)
def test_zero_leaves_a_part_out_and_the_rest_as_it_was(
    switch: str, gone: str, figures: dict[str, Any], subject: Subject
) -> None:
    off = replace(CONFIG, **dict.fromkeys(("begun", "clozes", "classes", "milestone_completions"), 0))
    alone = code_report.smalltalk(subject, replace(off, **{switch: getattr(CONFIG, switch)}), 1)[0]
    assert alone == {key: value for key, value in figures.items() if key not in PARTS - {gone}}


def along(shares: dict[str, float | None]) -> dict[str, Any]:
    bits = {"1": 2.5, "2": 2.0, "3": 1.5}
    return {
        "bits_per_byte": {"base": {"smalltalk": 1.0}},
        "milestones": {step: {"bits_per_byte": {"smalltalk": value}} for step, value in bits.items()},
        "smalltalk": {"along": {step: {"valid": value, "known": 1.0} for step, value in shares.items()}},
    }


def test_correlation_is_pearsons() -> None:
    found = correlations(along({"1": 0.1, "2": 0.2, "3": 0.3, "final": 0.4}))["correlation"]
    assert found["valid"] == {"r": -1.0, "checkpoints": 4}
    assert found["known"] == {"r": None, "checkpoints": 4}  # it never changes
    assert found["understood"] == {"r": None, "checkpoints": 0}
    found = correlations(along({"1": 0.1, "2": 0.9, "3": 0.2, "final": 0.4}))["correlation"]
    assert found["valid"]["r"] == pytest.approx(-0.0725, abs=1e-4)  # numpy.corrcoef


def test_two_points_and_no_milestones_are_no_correlation() -> None:
    assert correlations(along({"1": 0.1, "2": None, "final": 0.4}))["correlation"]["valid"]["r"] is None
    assert correlations({"smalltalk": {}}) == {}
