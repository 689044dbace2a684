from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from llmlab.artifacts.metrics import write_metrics
from llmlab.cli import machine
from llmlab.cli.doctor import time_text
from llmlab.cli.estimate import estimate, measured_flops
from llmlab.model.checkpoint import load_model, parameters_of
from llmlab.train.plan import table


def test_report(works: Callable[..., str]) -> None:
    text = works("doctor")
    for word in ("processor", "memory", "disk", "GPU", "torch", "DVC", "mirror", "git identity", "no stage is at work"):
        assert word in text
    for word in ("estimates", "parameters", "GFLOP/s", "pretrain", "sft", "lora", "time"):
        assert word in text


def test_quick_measures_nothing(works: Callable[..., str]) -> None:
    text = works("doctor", "--quick")
    assert "GFLOP/s" not in text
    assert "parameters" in text


def test_a_plan_needs_no_project(works: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = works("doctor", "--plan")
    assert table() in text
    assert "processor" not in text


def test_works_outside_a_project(
    works: Callable[..., str], project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = works("doctor")
    assert "has no params.yaml" in text
    assert "estimates" not in text


def test_broken_params_are_part_of_the_report(works: Callable[..., str], project: Path) -> None:
    params = project / "params.yaml"
    params.write_text(
        params.read_text(encoding="utf-8").replace("train:\n", "train:\n  stepz: 4\n", 1), encoding="utf-8"
    )
    text = works("doctor")
    assert "stepz" in text
    assert "processor" in text


def test_what_is_missing_comes_with_its_remedy(
    works: Callable[..., str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setattr(machine, "_BROWSERS", ("no-such-browser",))
    monkeypatch.setattr(machine, "_FONT", "no/such/font.otf")
    text = works("doctor", "--quick")
    for word in ("git config user.name", "apt install chromium", "pip install mplfonts", "dvc init", "4 missing"):
        assert word in text


def test_mirror(works: Callable[..., str], project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMLAB_MIRROR", str(project / "nowhere"))
    assert "names no folder with a catalog.json" in works("doctor", "--quick")
    (project / "nowhere").mkdir()
    (project / "nowhere/catalog.json").write_text('{"files": []}', encoding="utf-8")
    assert f"{project / 'nowhere'} (LLMLAB_MIRROR)" in works("doctor", "--quick")


def test_last_run_gives_a_second_time(works: Callable[..., str], project: Path) -> None:
    write_metrics(project / ".runs/pretrain.json", {"tokens_per_second": 1000})
    assert "the last run's 1,000 tokens/s" in works("doctor", "--quick")


def test_parameters_are_those_of_the_model_that_is_built(project: Path) -> None:
    params = project / "params.yaml"
    text = params.read_text(encoding="utf-8")
    before, _, rest = text.partition("\nmodel:\n")
    after = rest[rest.index("\n\n") :]
    small = "\nmodel:\n  depth: 2\n  width: 32\n  head_size: 16\n  context: 64"
    params.write_text(before + small + after, encoding="utf-8")
    model = load_model(project / "models/base", "pretrain")
    found = estimate()
    difference = (found.parameters["embedding"] // 32 - model.vocab_size) * 32
    assert found.parameters["total"] == parameters_of(model) + difference


def test_measuring_leaves_the_threads_alone(project: Path) -> None:
    before = torch.get_num_threads()
    rate, where = measured_flops(0.05)
    assert rate > 1e8
    assert "cpu" in where
    assert torch.get_num_threads() == before


def test_more_steps_take_longer(project: Path) -> None:
    first = estimate().stages[0]
    params = project / "params.yaml"
    text = params.read_text(encoding="utf-8")
    head, _, rest = text.partition("\ntrain:\n")
    line = next(line for line in rest.splitlines() if line.strip().startswith("steps:"))
    params.write_text(f"{head}\ntrain:\n{rest.replace(line, '  steps: 1000000', 1)}", encoding="utf-8")
    low, high = estimate().stages[0].seconds(1e9)
    assert low > first.seconds(1e9)[0]
    assert high > low


def test_time_as_text() -> None:
    assert [time_text(s) for s in (1.234, 59, 240, 7200, 864000)] == ["1.2 s", "59 s", "4.0 min", "2.0 h", "10 days"]
