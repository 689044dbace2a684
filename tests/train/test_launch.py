"""A stage that starts itself as two processes; one of them is killed, and the run goes on from its checkpoint."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from llmlab.train.launch import _failed, start_processes

ROOT = Path(__file__).parents[2]
PROGRAM = '''"""Train a little."""
import os, signal, sys
from pathlib import Path
import torch
from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.params import load_section
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.pipeline.stage import PARAMS, run_stage
from llmlab.runtime.distributed import first, rank, world
from llmlab.shards.batches import StreamSource, evaluation_batches
from llmlab.train.config import TrainConfig
from llmlab.train.launch import start_processes
from llmlab.train.loop import train
from llmlab.train.setup import prepare
from tests.train.conftest import VOCAB, patterned

def main(*, out: Path, kill: str) -> dict:
    config = load_section(PARAMS, "train", TrainConfig)
    shape = ModelConfig(depth=2, width=32, head_size=16, context=32)
    prepare(config, shape, VOCAB, 1, "pretrain")
    model = Transformer(shape, VOCAB, torch.Generator().manual_seed(3))
    source = StreamSource(patterned(900, 1), 32, 5, False)
    first_of_this = []

    def after_step(step):
        first_of_this.append(step)
        if kill == "yes" and rank() == 1 and step == 5:
            os.kill(os.getpid(), signal.SIGKILL)

    print("process", rank(), "of", world())
    outcome = train(model, source, evaluation_batches(patterned(200, 2), 32, 2, False), config,
                    scratch=Path("scratch/run"), name="pretrain", after_step=after_step)
    if first():
        write_json(out, {"curve": outcome.curve, "from": first_of_this[0]})
    return {"processes": world()}

if __name__ == "__main__":
    run_stage(main, start_processes)
'''
PARAMS = """train:
  steps: 12
  rows: 4
  warmup: 2
  threads: 1
  validate_every: 1
  checkpoint_every: 4
  parallel: {parallel}
  processes: {processes}
"""


def run(folder, processes, kill="no"):
    folder.mkdir(exist_ok=True)
    (folder / "job.py").write_text(PROGRAM, encoding="utf-8")
    text = PARAMS.format(parallel="ddp", processes=processes)
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'lib'}:{ROOT}", "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "job.py", "--out", "out.json", "--kill", kill], cwd=folder, env=environment,
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_process_killed_ends_all_and_the_run_goes_on(settings, tmp_path):
    killed = run(tmp_path / "two", 2, kill="yes")
    assert killed.returncode == 1
    error, remedy = killed.stderr.strip().splitlines()[-2:]
    assert error == "error: process 1 was killed by SIGKILL; all were ended"
    assert "run the same command again" in remedy
    assert not (tmp_path / "two" / "out.json").exists()

    again = run(tmp_path / "two", 2)
    assert again.returncode == 0, again.stderr
    # Only the first one speaks and writes.
    assert "process 0 of 2" in again.stdout
    assert "process 1 of 2" not in again.stdout
    assert "resumed at step 4" in again.stdout
    found = json.loads((tmp_path / "two" / "out.json").read_text())
    assert found["from"] == 5
    assert json.loads((tmp_path / "two" / ".runs" / "job-no.json").read_text())["processes"] == 2

    alone = settings(validate_every=1, checkpoint_every=4).run(tmp_path / "one")
    losses = [[point["val_loss"] for point in curve] for curve in (found["curve"], alone.curve)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


@pytest.fixture
def params(tmp_path):
    def write(processes):
        path = tmp_path / "params.yaml"
        path.write_text(PARAMS.format(parallel="ddp", processes=processes), encoding="utf-8")
        return path

    return write


def test_one_process_starts_nothing(params):
    assert start_processes(params(1)) is False


def test_one_of_several_starts_nothing(params, monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    assert start_processes(params(2)) is False


def failure(code):
    return SimpleNamespace(exitcode=code, signal_name=lambda: {-9: "SIGKILL", -15: "SIGTERM"}[code])


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ({0: 1, 1: -9}, "process 1 was killed by SIGKILL"),
        ({0: -15, 1: 1}, "process 1 ended with the error above"),
        ({0: -15, 2: -9, 1: 1}, "process 2 was killed by SIGKILL"),
        ({3: -15}, "process 3 was killed by SIGTERM"),
    ],
    ids=str,
)
def test_what_ended_first_is_named(codes, said):
    error = _failed({number: failure(code) for number, code in codes.items()})
    assert said in error.problem
    assert "run the same command again" in error.remedy
