"""The whole pipeline, tiny, really run by DVC in a temporary project."""

import json
import subprocess
from pathlib import Path

import pytest

from llmlab.pipeline.presets import apply_preset
from tests.smoke.project import make_project, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny project after `dvc repro`."""
    folder = make_project(tmp_path_factory.mktemp("spine"))
    for command in (
        "git init -q",
        "dvc init -q",
        "git add -A",
        "git -c user.name=t -c user.email=t@example.org commit -qm start",
    ):
        assert run(folder, command).returncode == 0
    result = run(folder, "dvc repro")
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def stages_run(result: subprocess.CompletedProcess[str]) -> list[str]:
    """Names of the stages that a `dvc repro` really ran."""
    lines = result.stdout.splitlines()
    return [line.split("'")[1] for line in lines if line.startswith("Running stage '")]


def test_every_out_is_there(project: Path) -> None:
    for path in (
        "models/base/model.safetensors",
        "models/chat/model.safetensors",
        "plots/loss.png",
        "plots/samples.html",
    ):
        assert (project / path).stat().st_size > 1000
    assert (project / "models/adapters/smalltalk-completion/adapter_model.safetensors").exists()
    figures = json.loads((project / "metrics/eval.json").read_text(encoding="utf-8"))
    for lang in ("smalltalk", "english", "chinese"):
        assert 0 < figures["bits_per_byte"]["base"][lang] < 16


def test_second_run_runs_only_fingerprint(project: Path) -> None:
    result = run(project, "dvc repro")
    assert result.returncode == 0, result.stderr
    assert stages_run(result) == ["fingerprint"]


def test_second_build_gives_the_same_bytes(project: Path, tmp_path: Path) -> None:
    lock = (project / "dvc.lock").read_text(encoding="utf-8")
    twin = make_project(tmp_path / "twin") if (tmp_path / "twin").mkdir() is None else tmp_path
    for command in ("git init -q", "dvc init -q"):
        assert run(twin, command).returncode == 0
    result = run(twin, "dvc repro")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (twin / "dvc.lock").read_text(encoding="utf-8") == lock


def test_experiment_runs_pretrain_and_what_follows(project: Path) -> None:
    for command in ("git add -A", "git -c user.name=t -c user.email=t@example.org commit -qm built"):
        assert run(project, command).returncode == 0
    result = run(project, "dvc exp run -S train.lr=3e-4")
    assert result.returncode == 0, result.stdout + result.stderr
    assert stages_run(result) == ["fingerprint", "pretrain", "sft", "lora", "evaluate", "plot"]
    diff = run(project, "dvc metrics diff")
    assert "val_loss" in diff.stdout
    params = run(project, "dvc params diff")
    assert "train.lr" in params.stdout


@pytest.mark.parametrize(
    "adapter",
    [
        "{rank: 4, mean_rank: 2, probe: 0.5, quantize: nf4-double, rank_stabilized: true}",
        "{rank: 2, mean_rank: null, quantize: none, dora: true, targets: [attention], ranks: {query: 3}, dropout: 0.1}",
    ],
)
def test_an_adapter_of_another_form(project: Path, adapter: str) -> None:
    overlay = f"lora: {{adapter: {adapter}, train: {{steps: 6}}}}\n"
    (project / "presets/form.yaml").write_text(overlay, encoding="utf-8")
    apply_preset(project / "params.yaml", project / "presets", "form")
    for stage in ("lora", "evaluate"):
        result = run(project, f"dvc repro -s {stage}")
        assert result.returncode == 0, result.stdout + result.stderr
    figures = json.loads((project / "metrics/lora.json").read_text(encoding="utf-8"))
    assert figures["steps"] == 6
    losses = json.loads((project / "metrics/eval.json").read_text(encoding="utf-8"))["instructions"]
    # A kind without an example in so small a test set has a reason in place of a loss.
    found = [loss for loss in losses["adapter smalltalk-completion"].values() if isinstance(loss, float)]
    assert found
    assert all(0 < loss < 12 for loss in found)
