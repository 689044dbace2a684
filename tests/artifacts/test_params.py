from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from llmlab.artifacts.params import build, load_section, load_value, read_params, to_dict
from llmlab.model.config import ModelConfig
from llmlab.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class Inner:
    size: Annotated[int, Field(gt=0)] = 4


@dataclass(frozen=True, kw_only=True)
class Outer:
    rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    steps: int = 10
    kind: Literal["a", "b"] = "a"
    inner: Inner | None = None
    several: list[Inner] = field(default_factory=list)


@pytest.fixture
def params(tmp_path):
    def write(text: str) -> Path:
        (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
        return tmp_path / "params.yaml"

    return write


@pytest.mark.parametrize(
    ("written", "value"), [("1e-4", 1e-4), ("2e-05", 2e-5), ("0.00002", 2e-5), ("'3e-4'", 3e-4), ("1", 1.0)]
)
def test_numbers_that_yaml_reads_as_text_are_converted(params, written, value):
    loaded = load_section(params(f"train: {{rate: {written}}}"), "train", Outer)
    assert loaded == Outer(rate=value)
    assert isinstance(loaded.rate, float)


@pytest.mark.parametrize(("key", "near"), [("setps", "steps"), ("ratee", "rate"), ("Kind", "kind")])
def test_an_unknown_key_names_the_nearest(params, refuses, key, near):
    path = params(f"train: {{{key}: 1}}")
    refuses(["params.yaml", "train", key, f"did you mean `{near}`"], load_section, path, "train", Outer)


@pytest.mark.parametrize("text", ["inner: {sise: 1}", "several: [{size: 1}, {sise: 1}]"])
def test_an_unknown_key_further_in_is_found_too(params, refuses, text):
    refuses(["sise", "did you mean `size`"], load_section, params(f"train: {{{text}}}"), "train", Outer)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rate: 0", ["train.rate", "greater than 0", "0"]),
        ("rate: 1.5", ["train.rate", "1.5"]),
        ("rate: .nan", ["train.rate", "nan"]),
        ("rate: fast", ["train.rate", "'fast'"]),
        ("steps: 1.5", ["train.steps", "1.5"]),
        ("steps: [1]", ["train.steps"]),
        ("kind: c", ["train.kind", "'a'", "'c'"]),
        ("inner: {size: -1}", ["train.inner.size", "-1"]),
        ("several: {size: 1}", ["train.several"]),
    ],
)
def test_wrong_types_and_ranges_name_key_and_value(params, refuses, text, words):
    refuses(["params.yaml", *words], load_section, params(f"train: {{{text}}}"), "train", Outer)


def test_nested_sections_and_single_values(params):
    path = params("seed: '7'\na: {b: {size: 3}}\nlanguages: [x, y]\n")
    assert load_section(path, "a.b", Inner) == Inner(size=3)
    assert load_value(path, "seed", int) == 7
    assert load_value(path, "languages", list[str]) == ["x", "y"]


def test_what_is_missing_is_named(params, refuses, tmp_path):
    path = params("a: {b: 1}\n")
    refuses(["params.yaml", "`train`"], load_section, path, "train", Outer)
    refuses(["params.yaml", "`a.c`"], load_section, path, "a.c", Outer)
    refuses(["params.yaml", "`seed`"], load_value, path, "seed", int)
    refuses(["a.b", "not a section"], load_section, path, "a.b", Outer)
    refuses(["none.yaml", "missing"], read_params, tmp_path / "none.yaml")


@pytest.mark.parametrize("text", ["a: [", "- 1\n- 2\n", "", "just text"])
def test_a_file_that_is_no_mapping_is_refused(params, refuses, text):
    refuses(["params.yaml"], read_params, params(text))


def test_a_value_of_the_wrong_kind_is_refused(params, refuses):
    refuses(["seed", "many"], load_value, params("seed: many"), "seed", int)


def test_an_illegal_pair_keeps_its_own_remedy(refuses):
    error = refuses(
        ["params.yaml: model", "head_size 48"], build, ModelConfig, {"depth": 1, "head_size": 48}, "params.yaml: model"
    )
    assert "model.width or head_size" in error.remedy
    assert "Value error" not in str(error)


def test_a_config_survives_the_way_to_json_and_back():
    config = TrainConfig(steps=30, rows=4, lr=2e-5, milestones=[10, 20])
    assert build(TrainConfig, to_dict(config), "x") == config
    nested = Outer(inner=Inner(size=2), several=[Inner(), Inner(size=9)])
    assert build(Outer, to_dict(nested), "x") == nested
