import pytest

from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.evals.config import EvaluateConfig

PROMPTS = {"sample_prompts": {"english": "One morning"}}


def test_only_the_prompts_have_to_be_given() -> None:
    config = build(EvaluateConfig, PROMPTS, "evaluate")
    assert config.sample_prompts == {"english": "One morning"}
    with pytest.raises(LabError, match="sample_prompts"):
        build(EvaluateConfig, {}, "evaluate")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("completions", -1),
        ("texts", -1),
        ("temperature", -0.1),
        ("temperature", 11),
        ("top_p", 0),
        ("top_p", 1.1),
        ("max_new", 0),
        ("order", 1),
        ("order", 8),
        ("precision", "fp16"),
        ("threads", 0),
        ("sample_prompts", ["english"]),
    ],
)
def test_values_out_of_range_are_refused_by_name(key: str, value: object) -> None:
    with pytest.raises(LabError, match=key):
        build(EvaluateConfig, {**PROMPTS, key: value}, "evaluate")


@pytest.mark.parametrize(
    ("key", "value"), [("completions", 0), ("temperature", 0), ("top_p", 1), ("order", 2), ("order", 7)]
)
def test_values_at_the_edge_are_taken(key: str, value: object) -> None:
    assert getattr(build(EvaluateConfig, {**PROMPTS, key: value}, "evaluate"), key) == value
