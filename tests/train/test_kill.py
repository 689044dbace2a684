"""SIGKILL at twenty moments, five of them inside the writing of a checkpoint, and the same bits at the end.

Pretraining, fine-tuning on chats and an adapter, each.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file

ROOT = Path(__file__).parents[2]
STEPS = 120
# A program of its own, as a stage is. Its third argument names a place inside a checkpoint's writing where it stops
# and waits to be killed; `end` is where it has nothing to wait for.
DRIVER = """
import os, signal, sys, threading, time
from pathlib import Path
sys.path[:0] = [{lib!r}, {root!r}]
import numpy as np
import torch
torch.set_num_threads(1)
from llmlab.adapt.lora import LoraConfig, add_lora
from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.lock import exclusive
from llmlab.model.config import ModelConfig
from llmlab.model.transformer import Transformer
from llmlab.runtime.tensors import write_tensors
from llmlab.shards.batches import PackedSource, StreamSource, evaluation_batches
from llmlab.shards.chat import all_batches
from llmlab.train import resume
from llmlab.train.config import TrainConfig
from llmlab.train.loop import train
from tests.train.conftest import VOCAB, patterned

scratch, out, place = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
checkpoints = 0
# Of a child that ends itself: steps until then, and seconds more; in `place` at once.
left, delay = None, 0.0


def end():
    os.kill(os.getpid(), signal.SIGKILL)


def wait(here):
    if here == place and checkpoints == 2:
        if left is not None:
            end()
        print("inside", flush=True)
        time.sleep(600)


def half_then_whole(path, tensors):
    global checkpoints
    checkpoints += 1
    write_tensors(path, tensors)
    if place == "half of the tensors" and checkpoints == 2:
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        wait(place)


def replace(source, final, real=os.replace):
    if Path(final).name.startswith("step-"):
        wait("before the rename")
        real(source, final)
        wait("after the rename")
    else:
        real(source, final)


def fsync(number, real=os.fsync):
    wait("before the flush")
    real(number)


def rmtree(path, real=resume.shutil.rmtree, **more):
    if Path(path).name.startswith("step-"):
        next(Path(path).iterdir()).unlink()
        wait("while the old one is removed")
    real(path, **more)


resume.write_tensors = half_then_whole
os.replace, os.fsync = replace, fsync
resume.shutil.rmtree = rmtree


def after_step(step):
    global left
    print(step, flush=True)
    if left is not None:
        left -= 1
        if left == 0:
            threading.Timer(delay, end).start()
    time.sleep(0.005)


def pretraining():
    config = {{"optimizer": "muon"}}
    return plain(0.2), StreamSource(patterned(900, 1), 32, 5, False), config


def plain(dropout):
    shape = ModelConfig(depth=2, width=32, head_size=16, context=32, dropout=dropout)
    return Transformer(shape, VOCAB, torch.Generator().manual_seed(3))


def chats(seed, count):
    random = np.random.Generator(np.random.PCG64(seed))
    documents = [random.integers(0, VOCAB, random.integers(5, 33)) for _ in range(count)]
    masks = [np.arange(len(each)) >= len(each) // 2 for each in documents]
    return PackedSource(documents, masks, 32, 5, 0)


def fine_tuning():
    return plain(0.2), chats(1, 40), {{}}


def adapting():
    model = plain(0.0)
    add_lora(model, LoraConfig(rank=4, dropout=0.2), torch.Generator().manual_seed(4))
    return model, chats(1, 40), {{"micro_rows": 1}}


def run(kind, scratch, out):
    torch.manual_seed(1)
    model, source, more = {{"pretrain": pretraining, "sft": fine_tuning, "lora": adapting}}[kind]()
    config = TrainConfig(
        steps={steps}, rows=2, warmup=2, lr=3e-3, validate_every=7, checkpoint_every=2, threads=1, milestones=[50],
        **more,
    )
    with exclusive(scratch.with_name("lock"), "the run"):
        validation = evaluation_batches(patterned(200, 2), 32, 2, False)
        if kind != "pretrain":
            validation = all_batches(chats(2, 6), 2)
        outcome = train(model, source, validation, config, scratch=scratch, after_step=after_step)
    tensors = {{f"{{part}}/{{name}}": t for part in ("best", "last") for name, t in getattr(outcome, part).items()}}
    tensors |= {{f"milestone/{{name}}": t for name, t in outcome.milestones[50].items()}}
    write_tensors(out / "weights.safetensors", tensors)
    write_json(out / "curve.json", outcome.curve)


# A fresh process for every line of standard input, without importing torch again; says how each ended.
def brood():
    global place, left, delay
    for line in sys.stdin:
        place, steps, seconds = line.strip().split("/")
        left, delay = int(steps), float(seconds)
        child = os.fork()
        if child == 0:
            run(sys.argv[4], scratch, out)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print("ended", os.waitstatus_to_exitcode(status), flush=True)


if place == "brood":
    brood()
else:
    run(sys.argv[4], scratch, out)
"""
PLACES = [
    "half of the tensors", "before the flush", "before the rename", "after the rename", "while the old one is removed"
]  # fmt: skip


class Run:
    """A driver in a folder of its own, started as often as it takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "driver.py"
        folder.mkdir()
        self.program.write_text(DRIVER.format(lib=str(ROOT / "lib"), root=str(ROOT), steps=STEPS), encoding="utf-8")

    def command(self, place, kind="pretrain"):
        scratch = str(self.folder / "scratch" / "run")
        return [sys.executable, str(self.program), scratch, str(self.folder), place, kind]

    def start(self, place="end"):
        command = self.command(place)
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=self.folder
        )

    def finish(self):
        process = self.start()
        out, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        return [int(line) for line in out.splitlines() if line.isdigit()]

    def kill_after(self, lines, delay):
        """Kill once that many steps are done and `delay` seconds more have gone by; returns the steps seen."""
        process, seen = self.start(), []
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip().isdigit():
                seen.append(int(line))
            if len(seen) == lines:
                break
        time.sleep(delay)
        self.kill(process)
        return seen

    def kill_inside(self, place):
        process = self.start(place)
        assert process.stdout is not None
        seen = []
        for line in process.stdout:
            if line.strip().isdigit():
                seen.append(int(line))
            if line == "inside\n":
                self.kill(process)
                return seen
        raise AssertionError(f"never came to: {place}")

    @staticmethod
    def kill(process):
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL


class Brood(Run):
    """A driver that stays and forks a process for each start: twenty kills without twenty times importing torch."""

    def __init__(self, folder: Path, kind: str) -> None:
        super().__init__(folder)
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            self.command("brood", kind), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
            cwd=folder,
        )  # fmt: skip

    def start_one(self, place="end", steps=0, delay=0.0):
        """Start a process that kills itself inside `place`, or so many steps and seconds after its start.

        By itself, since a signal from here may come late on a busy machine. Returns its steps and exit code.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{place}/{steps}/{delay}\n")
        self.process.stdin.flush()
        seen = []
        for line in self.process.stdout:
            if line.strip().isdigit():
                seen.append(int(line))
            elif line.startswith("ended"):
                return seen, int(line.split()[1])
        raise AssertionError("the driver is gone")

    def end(self):
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)


def same_files(one, other):
    a, b = (load_file(run.folder / "weights.safetensors") for run in (one, other))
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].numpy().tobytes() == b[name].numpy().tobytes(), name
    curves = [json.loads((run.folder / "curve.json").read_text()) for run in (one, other)]
    assert curves[0] == curves[1]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_twenty_kills_end_with_the_same_bits(tmp_path):
    whole, killed = Run(tmp_path / "whole"), Run(tmp_path / "killed")
    assert whole.finish() == list(range(1, STEPS + 1))

    random_ = random.Random(8)
    moments = [*PLACES, *[None] * 15]
    random_.shuffle(moments)
    resumed = 0
    for place in moments:
        if place is None:
            seen = killed.kill_after(random_.randint(1, 8), random_.random() * 0.02)
        else:
            seen = killed.kill_inside(place)
        resumed += seen[0] > 1
    assert resumed >= 15  # the kills fell into a run under way and not always into its beginning
    last = killed.finish()
    assert last[0] > 1

    same_files(whole, killed)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kind", ["sft", "lora"])
def test_twenty_kills_of_fine_tuning_end_with_the_same_bits(tmp_path, kind):
    whole, killed = Brood(tmp_path / "whole", kind), Brood(tmp_path / "killed", kind)
    try:
        assert whole.start_one() == (list(range(1, STEPS + 1)), 0)
        random_ = random.Random(9)
        moments = [*PLACES, *[None] * 15]
        random_.shuffle(moments)
        resumed = 0
        for place in moments:
            steps = 0 if place else random_.randint(1, 5)
            seen, code = killed.start_one(place or "end", steps, random_.random() * 0.01)
            assert code == -signal.SIGKILL
            resumed += seen[0] > 1
        assert resumed >= 15
        seen, code = killed.start_one()
        assert code == 0
        assert seen[0] > 1
        same_files(whole, killed)
    finally:
        whole.end()
        killed.end()


@pytest.mark.slow
def test_a_second_writer_is_refused_while_the_first_lives(tmp_path):
    run = Run(tmp_path / "run")
    first = run.start("before the rename")  # it waits there, however slow the second is to start
    assert first.stdout is not None
    assert any(line.strip() == "inside" for line in first.stdout)
    second = run.start()
    _, errors = second.communicate(timeout=60)
    assert second.returncode != 0
    assert "already running in another process" in errors
    run.kill(first)
    assert run.finish()[-1] == STEPS
