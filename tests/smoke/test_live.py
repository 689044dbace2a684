"""The live view of a training under `dvc repro`, on a terminal and without one, and Ctrl-C there."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.smoke.project import environment, run

pytestmark = pytest.mark.slow
PROGRAM = """
import time
from llmlab.train.journal import Journal
from llmlab.train.signals import stop_requests
with Journal(8, "pretrain") as journal, stop_requests() as asked:
    journal.start(0)
    for step in range(1, 9):
        time.sleep(0.3)
        if asked.name:
            raise SystemExit(f"ended by {asked.name} before step {step}")
        journal.step(step, 100, {"tokens": 100 * step, "loss": 9.0 - step, "grad_norm": 0.5, "lr": 0.1})
        if step == 4:
            journal.validated(
                {"step": 4, "tokens": 400, "train_loss": 6.5, "val_loss": 5.25, "lr": 0.1, "grad_norm": 0.5}
            )
open("out.txt", "w").write("done")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One stage, always run."""
    (tmp_path / "train.py").write_text(PROGRAM, encoding="utf-8")
    stage = f"stages:\n  pretrain:\n    cmd: {sys.executable} train.py\n    always_changed: true\n    outs: [out.txt]\n"
    (tmp_path / "dvc.yaml").write_text(stage, encoding="utf-8")
    assert run(tmp_path, "dvc init -q --no-scm").returncode == 0
    return tmp_path


def test_on_a_terminal_the_bar_moves_below_dvc(project: Path) -> None:
    leader, follower = pty.openpty()
    own = {**environment(), "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(["dvc", "repro"], cwd=project, env=own, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    pieces = []
    while True:
        try:
            piece = os.read(leader, 4096)
        except OSError:  # how a terminal says that its other end is gone
            break
        if not piece:
            break
        pieces.append(piece.decode("utf-8", errors="replace"))
    assert process.wait(60) == 0
    text = "".join(pieces)
    assert "Running stage 'pretrain'" in text
    shown = [f"{step}/8" for step in range(1, 9) if f"{step}/8" in text]
    assert len(shown) >= 4, text
    assert "pretrain loss" in text
    assert "val 5.2500" in text
    assert (project / "out.txt").exists()


def test_without_a_terminal_a_validation_is_a_line(project: Path) -> None:
    result = run(project, "dvc repro")
    assert result.returncode == 0, result.stderr
    text = result.stdout + result.stderr
    assert "pretrain step 4/8 train 6.5000 val 5.2500" in text
    assert "\x1b[" not in text


@pytest.fixture
def _as_on_a_terminal() -> Iterator[None]:
    """A shell's background jobs have SIGINT ignored, and so would all that they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_as_on_a_terminal")
def test_ctrl_c_reaches_the_training_and_dvc_waits_for_its_end(project: Path) -> None:
    """A terminal sends the signal to all of its foreground processes."""
    process = subprocess.Popen(
        ["dvc", "repro"], cwd=project, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "step 4/8" in line:
            os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) != 0
    text = "".join(said)
    assert "SIGINT: ending after this step" in text
    assert "ended by SIGINT before step 5" in text
    assert not (project / "out.txt").exists()
