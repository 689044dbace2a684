import os
import signal
import subprocess
import sys
import threading

import pytest

from llmlab.train.resume import newest_state
from llmlab.train.signals import stop_requests

from .conftest import same_outcome


@pytest.fixture(autouse=True)
def _as_on_a_terminal():
    """A shell starts its background jobs with SIGINT ignored; the tests may run in one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def sending(number, step):
    def after_step(done):
        if done == step:
            os.kill(os.getpid(), number)

    return after_step


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("step", [1, 7])
def test_asked_to_stop_a_run_saves_and_goes_on_with_the_same_bits(settings, scratch, refuses, number, step, capfd):
    """Steps 1 and 7 are no steps that save by schedule; 8 is under way when the signal is noted."""
    setting = settings(model={"dropout": 0.2}, optimizer="muon")
    whole = setting.run(scratch.with_name("whole"))
    error = refuses(
        [number.name, f"after step {step},", "dvc repro"], setting.run, scratch, after=sending(number, step)
    )
    assert error.problem.endswith("saved")
    assert "once more ends at once" in capfd.readouterr().err
    saved = newest_state(scratch)
    assert saved is not None
    assert saved.step == step
    same_outcome(setting.run(scratch, seed=99), whole)


def test_a_signal_after_the_last_step_ends_nothing(settings, scratch):
    setting = settings()
    same_outcome(setting.run(scratch, after=sending(signal.SIGTERM, 12)), setting.run(scratch.with_name("whole")))


def test_handlers_are_put_back():
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with stop_requests() as asked:
        assert signal.getsignal(signal.SIGTERM) is not before[0]
    assert asked.name is None
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_an_ignored_signal_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with stop_requests() as asked:
        os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert asked.name is None


def test_outside_the_main_thread_signals_keep_their_meaning():
    found = []

    def work():
        with stop_requests() as asked:
            found.append((asked.name, signal.getsignal(signal.SIGTERM)))

    thread = threading.Thread(target=work)
    before = signal.getsignal(signal.SIGTERM)
    thread.start()
    thread.join()
    assert found == [(None, before)]


def test_the_second_signal_ends_at_once():
    program = """
import os, signal
from llmlab.train.signals import stop_requests
with stop_requests() as asked:
    os.kill(os.getpid(), signal.SIGTERM)
    print(asked.name, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    print("still here", flush=True)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert run.returncode == -signal.SIGTERM
    assert run.stdout == "SIGTERM\n"
