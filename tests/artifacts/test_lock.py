import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llmlab.artifacts.lock import exclusive

LIB = Path(__file__).parents[2] / "lib"
HOLDER = f"""
import sys, time
sys.path.insert(0, {str(LIB)!r})
from pathlib import Path
from llmlab.artifacts.lock import exclusive
with exclusive(Path(sys.argv[1]), "stage pretrain"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_writer_is_refused_until_the_first_is_dead(tmp_path, refuses):
    path = tmp_path / "runs" / "pretrain.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"

        def join():
            with exclusive(path, "stage pretrain"):
                pytest.fail("two writers at once")

        refuses(["stage pretrain", "already running", "pretrain.lock"], join)
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with exclusive(path, "stage pretrain"):
        pass


def test_the_lock_is_released_when_the_work_raises(tmp_path):
    with pytest.raises(RuntimeError), exclusive(tmp_path / "l", "x"):
        raise RuntimeError
    with exclusive(tmp_path / "l", "x"):
        pass


def test_a_second_holder_in_the_same_process_is_refused(tmp_path, refuses):
    def join():
        with exclusive(tmp_path / "l", "y"):
            pytest.fail("two writers at once")

    with exclusive(tmp_path / "l", "x"):
        refuses(["already running"], join)
