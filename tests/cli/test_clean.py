import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from llmlab.cli import waste
from llmlab.cli.holders import held_stages, is_held

HOLD = """
import sys, time
from pathlib import Path
from llmlab.artifacts.lock import exclusive
with exclusive(Path(sys.argv[1]), "a test"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def littered(project: Path) -> Path:
    for name in (
        ".scratch/pretrain/aa/state",
        ".scratch/sft/bb/state",
        ".cache/downloads/files/x",
        ".runs/pretrain.json",
        ".runs/logs/pretrain/aa/train.tsv",
        ".runs/logs/sft/bb/train.tsv",
    ):
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"0" * 2048)
    return project


@pytest.fixture
def held(littered: Path) -> Iterator[Path]:
    """The lock of `pretrain`, held by another process."""
    lock = littered / ".runs/pretrain.lock"
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    yield lock
    process.kill()
    process.wait()
    process.stdout.close()


def test_dry_run_removes_nothing(works: Callable[..., str], littered: Path) -> None:
    text = works("clean", "--scratch", "--cache", "--dry-run")
    assert "nothing was removed" in text
    assert "2.0 KiB" in text
    assert (littered / ".scratch/pretrain/aa/state").exists()


def test_scratch_alone(works: Callable[..., str], littered: Path) -> None:
    assert "freed" in works("clean", "--scratch", "--yes")
    assert not (littered / ".scratch/pretrain/aa").exists()
    assert not (littered / ".runs/pretrain.json").exists()
    assert not (littered / ".runs/logs/pretrain/aa").exists()
    assert (littered / ".cache/downloads/files/x").exists()


def test_downloads_alone(works: Callable[..., str], littered: Path) -> None:
    works("clean", "--cache", "--yes")
    assert not (littered / ".cache/downloads").exists()
    assert (littered / ".scratch/pretrain/aa/state").exists()


def test_asks_first(lab: Callable[..., object], works: Callable[..., str], littered: Path) -> None:
    assert getattr(lab("clean", "--cache", typed="n\n"), "exit_code", 0) != 0
    assert (littered / ".cache/downloads/files/x").exists()
    assert "free 2.0 KiB?" in works("clean", "--cache", typed="y\n")
    assert not (littered / ".cache/downloads").exists()


def test_scratch_elsewhere(
    works: Callable[..., str], project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "elsewhere/pretrain/aa"
    run.mkdir(parents=True)
    monkeypatch.setenv("LLMLAB_SCRATCH", str(tmp_path / "elsewhere"))
    works("clean", "--scratch", "--yes")
    assert not run.exists()


def test_a_run_at_work_keeps_its_scratch(works: Callable[..., str], held: Path) -> None:
    text = works("clean", "--scratch", "--yes")
    assert "kept: .scratch/pretrain/aa, because stage pretrain is at work" in text
    root = held.parents[1]
    assert (root / ".scratch/pretrain/aa/state").exists()
    assert (root / ".runs/logs/pretrain/aa/train.tsv").exists()
    assert not (root / ".runs/logs/sft/bb").exists()
    assert held.exists()
    assert not (root / ".scratch/sft/bb").exists()


def test_doctor_names_the_stage_at_work(works: Callable[..., str], held: Path) -> None:
    assert "pretrain" in works("doctor", "--quick").partition("running")[2].partition("what params")[0]


def test_a_lock_left_over_holds_nothing(littered: Path) -> None:
    lock = littered / ".runs/sft.lock"
    lock.touch()
    assert not is_held(lock)
    with FileLock(lock):
        assert is_held(lock)


@pytest.mark.parametrize(
    ("place", "scratch", "ours"),
    [("project/.dvc/tmp/exps/a", None, True), ("other", None, False), ("other", "project/.scratch", True)],
)
def test_a_stage_of_another_working_copy(
    project: Path, tmp_path: Path, place: str, scratch: str | None, ours: bool
) -> None:
    program = tmp_path / place / "stages/lora.py"
    program.parent.mkdir(parents=True)
    program.write_text("import time; print('up', flush=True); time.sleep(60)", encoding="utf-8")
    environ = {"LLMLAB_SCRATCH": str(tmp_path / scratch)} if scratch else {}
    command = [sys.executable, str(program)]
    process = subprocess.Popen(command, cwd=tmp_path / place, env=os.environ | environ, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"up\n"
        assert ("lora" in held_stages()) == ours
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert "lora" not in held_stages()


def test_unused_artifacts(works: Callable[..., str], project: Path, git: Callable[..., None]) -> None:
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "init", "-q"], cwd=project, check=True)
    (project / "dvc.yaml").write_text("stages:\n  a:\n    cmd: date +%N > out\n    outs: [out]\n", encoding="utf-8")
    for _ in range(2):
        subprocess.run([*dvc, "repro", "-q", "-f"], cwd=project, check=True)
    cached = set((project / ".dvc/cache/files/md5").glob("??/*"))
    assert len(cached) == 2
    text = works("clean", "--artifacts", "--dry-run")
    assert "does not use: 1, 10 B" in text
    works("clean", "--artifacts", "--yes")
    assert len(list((project / ".dvc/cache/files/md5").glob("??/*"))) == 1
    assert waste.unused_artifacts() == (0, 0)
    assert "nothing to remove" in works("clean", "--artifacts", "--yes")


def test_bad_input(fails: Callable[..., str]) -> None:
    assert "lab clean --scratch" in fails("clean")
    assert "`dvc gc" in fails("clean", "--artifacts", "--dry-run")
