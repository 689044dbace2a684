from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import ROOT


@pytest.fixture
def small(project: Path) -> Path:
    path = project / "presets/small.yaml"
    text = "# A small one, for tests.\ntrain:\n  steps: 77\nmodel:\n  depth: 2\n  dropout: 0.1\n"
    path.write_text(text, encoding="utf-8")
    return path


def test_list(works: Callable[..., str], small: Path) -> None:
    (small.parent / "bare.yaml").write_text("seed: 2\n", encoding="utf-8")
    text = works("preset")
    assert "small  A small one, for tests." in text
    assert "bare" in text
    assert "lab preset NAME" in text


def test_apply_changes_values_and_keeps_comments(works: Callable[..., str], small: Path, project: Path) -> None:
    params = project / "params.yaml"
    before = params.read_text(encoding="utf-8").replace("train:\n", "# how long\ntrain:\n  # more is better\n", 1)
    params.write_text(before, encoding="utf-8")
    old = yaml.safe_load(before)
    text = works("preset", "small")
    after = params.read_text(encoding="utf-8")
    new = yaml.safe_load(after)
    assert (new["train"]["steps"], new["model"]["depth"]) == (77, 2)
    assert f"train.steps: {old['train']['steps']} -> 77" in text
    assert "git diff params.yaml" in text
    comments = [line.strip() for line in before.splitlines() if line.strip().startswith("#")]
    assert comments == [line.strip() for line in after.splitlines() if line.strip().startswith("#")]


def test_apply_twice_says_so(works: Callable[..., str], small: Path) -> None:
    works("preset", "small")
    assert "already says" in works("preset", "small")


@pytest.mark.parametrize(
    "path", sorted([*(ROOT / "presets").glob("*.yaml"), *(ROOT / "recipes").glob("*.yaml")]), ids=lambda path: path.stem
)
def test_presets_of_the_repository_apply(works: Callable[..., str], project: Path, path: Path) -> None:
    (project / "presets" / path.name).write_bytes(path.read_bytes())
    works("preset", path.stem)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("train:\n  stepz: 5\n", ["stepz", "did you mean"]),
        ("scrape:\n  english:\n    sources: 3\n", ["scrape.english"]),
        ("train:\n  steps: -5\n", ["train.steps", "-5"]),
        ("model:\n  width: 100\n", ["width 100"]),
        ("nonsense:\n  a: 1\n", ["nonsense"]),
        ("a: [1\n", ["no set of params"]),
        ("- 1\n", ["unknown section `1`"]),
        ("scrape:\n  english:\n    sources: [no-such-source]\n", ["no-such-source"]),
    ],
)
def test_bad_preset_leaves_params_alone(fails: Callable[..., str], project: Path, text: str, said: list[str]) -> None:
    before = (project / "params.yaml").read_bytes()
    (project / "presets/bad.yaml").write_text(text, encoding="utf-8")
    message = fails("preset", "bad")
    for word in said:
        assert word in message
    assert "/tmp" not in message
    assert (project / "params.yaml").read_bytes() == before


def test_unknown_preset(fails: Callable[..., str], small: Path) -> None:
    text = fails("preset", "huge")
    assert "'huge'" in text
    assert "small" in text
    assert "lab preset" in text


def test_no_presets_at_all(fails: Callable[..., str]) -> None:
    assert "no presets" in fails("preset")
