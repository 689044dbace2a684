import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.cli.compare import difference_text, number_text


@pytest.fixture
def history(project: Path, git: Callable[..., None]) -> Path:
    """Two commits whose numbers and params differ."""
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    git("tag", "first")
    bits = {"base": {"english": 2.9, "chinese": 4.1, "all": 3.3}}
    (project / "metrics/eval.json").write_text(json.dumps({"bits_per_byte": bits}), encoding="utf-8")
    params = project / "params.yaml"
    params.write_text(params.read_text(encoding="utf-8").replace("seed: 1\n", "seed: 2\n"), encoding="utf-8")
    git("commit", "-q", "-am", "two")
    return project


def row(text: str, name: str) -> list[str]:
    """The cells of a table's row."""
    (line,) = (line for line in text.splitlines() if line.strip("│┃ ").startswith(f"{name} "))
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_two_commits(works: Callable[..., str], history: Path) -> None:
    text = works("compare", "first", "HEAD")
    assert row(text, "eval.bits_per_byte.base.english")[1:] == ["3.2000", "2.9000", "-0.3000 (-9.4 %)"]
    assert row(text, "eval.bits_per_byte.base.chinese")[-1] == "="
    assert row(text, "seed")[1:] == ["1", "2"]
    assert "pretrain.val_loss" not in text
    assert "first: first has no dvc.lock that names data/samples.json" in text


def test_all_shows_equal_numbers_too(works: Callable[..., str], history: Path) -> None:
    assert row(works("compare", "first", "HEAD", "--all"), "pretrain.val_loss")[-1] == "="


def test_workspace(works: Callable[..., str], history: Path) -> None:
    (history / "metrics/pretrain.json").write_text('{"steps": 24, "val_loss": null, "ok": true}', encoding="utf-8")
    text = works("compare", "HEAD", "workspace")
    assert row(text, "pretrain.steps")[1:] == ["12", "24", "+12 (+100.0 %)"]
    assert row(text, "pretrain.val_loss")[-2:] == ["–", "–"]
    assert "the sea was there." in text


def test_one_language(works: Callable[..., str], history: Path) -> None:
    text = works("compare", "first", "HEAD", "--lang", "english")
    assert "base.english" in text
    assert "base.chinese" not in text


def test_samples_of_a_commit_come_from_the_cache(
    works: Callable[..., str], project: Path, git: Callable[..., None]
) -> None:
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "init", "-q"], cwd=project, check=True)
    stage = "cmd: cp made.json data/samples.json, deps: [made.json], outs: [data/samples.json]"
    stage = f"stages:\n  evaluate: {{{stage}}}\n"
    (project / "dvc.yaml").write_text(stage, encoding="utf-8")
    for number in (1, 2):
        rows = [{"step": "final", "lang": "english", "prompt": "It", "text": f" was number {number}."}]
        (project / "made.json").write_text(json.dumps({"samples": rows}), encoding="utf-8")
        subprocess.run([*dvc, "repro", "-q"], cwd=project, check=True)
        git("add", "-A")
        git("commit", "-q", "-m", str(number))
    text = works("compare", "HEAD~1", "HEAD")
    assert "It was number 1." in text
    assert "It was number 2." in text
    shutil.rmtree(project / ".dvc/cache/files")
    assert "DVC's cache no longer has them" in works("compare", "HEAD~1", "HEAD")


def test_two_models(works: Callable[..., str], project: Path) -> None:
    text = works("compare", "models/base", "models/chat", "--max-new", "8", "--all")
    assert row(text, "parameters")[-1] == "="
    english = row(text, "bits_per_byte.english")
    assert float(english[1]) > 0
    assert english[1] != english[2]
    assert "One morning in spring," in text
    assert works("compare", "models/base", "models/chat", "--max-new", "8", "--all") == text


def test_a_model_with_itself(works: Callable[..., str], project: Path) -> None:
    shutil.copytree(project / "models/base", project / "models/twin")
    text = works("compare", "models/base", "models/twin", "--max-new", "8")
    assert "metrics that differ" not in text
    assert row(text, "bits_per_byte.english")[-1] == "="


def test_models_without_a_test_set(works: Callable[..., str], project: Path) -> None:
    shutil.rmtree(project / "data/shards")
    assert "bits per byte not measured" in works("compare", "models/base", "models/chat", "--max-new", "4")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["first", "nonsense"], ["'nonsense'", "git log"]),
        (["--", "first", "--output=x"], ["'--output=x'"]),
        (["models/base", "HEAD"], ["models/base is a model folder, the other is not"]),
        (["models/adapters", "models/base"], ["is a model folder, the other is not"]),
        (["models/adapters", "HEAD"], ["no config.json"]),
        (["first", "HEAD", "--lang", "klingon"], ["klingon", "english"]),
    ],
)
def test_bad_input(fails: Callable[..., str], history: Path, arguments: list[str], said: list[str]) -> None:
    text = fails("compare", *arguments)
    for word in said:
        assert word in text


def test_commit_without_metrics(fails: Callable[..., str], history: Path, git: Callable[..., None]) -> None:
    git("rm", "-rq", "metrics")
    git("commit", "-q", "-m", "three")
    assert "has no metrics" in fails("compare", "first", "HEAD")


def test_broken_metrics(fails: Callable[..., str], history: Path) -> None:
    (history / "metrics/eval.json").write_text("{", encoding="utf-8")
    assert "metrics/eval.json is not valid JSON" in fails("compare", "first", "workspace")


def test_outside_a_repository(fails: Callable[..., str]) -> None:
    assert "commit git knows" in fails("compare", "HEAD", "workspace")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (12, "12"),
        (1234567.0, "1,234,567"),
        (2.5, "2.5000"),
        (0.00001234, "1.234e-05"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_as_text(value: float | None, text: str) -> None:
    assert number_text(value) == text


def test_differences_as_text() -> None:
    assert difference_text(None, 1.0) == "–"
    assert difference_text(0, 2) == "+2"
    assert difference_text(2.0, 1.5) == "-0.5000 (-25.0 %)"
    assert difference_text(float("inf"), 1.0) == "–"
