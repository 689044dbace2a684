"""Programs that try to get out, to go on for ever, or to look finished; all with small limits."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.tools import python
from llmlab.tools.python import PythonLimits, can_contain, run_python

LIMITS = PythonLimits(seconds=1, patience=60.0, memory=256 << 20, written=100_000)
HASTY = PythonLimits(seconds=1, patience=3.0, written=100_000)
CONTAINED = [pytest.param(True, marks=pytest.mark.skipif(not can_contain(), reason="no bubblewrap")), False]
contained_only = pytest.mark.skipif(not can_contain(), reason="bubblewrap does not work here")


@pytest.mark.parametrize("contain", CONTAINED)
def test_a_program_runs_and_what_it_prints_comes_back(contain: bool) -> None:
    run = run_python("import math\nprint(math.comb(10, 3))", LIMITS, contain=contain)
    assert (run.finished, run.output, run.why) == (True, "120", "finished")


@pytest.mark.parametrize("contain", CONTAINED)
@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("x = 'a' * (1 << 30)", "MemoryError"),
        ("(", "SyntaxError"),
        ("import os\nos._exit(0)", ""),
        ("raise SystemExit(0)", ""),
        ("[open('f', 'w') for f in ()] or open('/nowhere/at/all', 'w')", "Error"),
    ],
)
def test_a_program_that_fails_or_leaves_early_has_not_finished(contain: bool, program: str, said: str) -> None:
    run = run_python(program, LIMITS, contain=contain)
    assert not run.finished
    assert said in run.output


@pytest.mark.parametrize("contain", CONTAINED)
def test_endless_work_and_endless_output_end(contain: bool) -> None:
    assert not run_python("while True: pass", HASTY, contain=contain).finished
    run = run_python("while True: print('x' * 1000)", HASTY, contain=contain)
    assert not run.finished
    assert len(run.output) <= 4000


@pytest.mark.parametrize("contain", CONTAINED)
def test_one_that_sleeps_runs_out_of_time(contain: bool) -> None:
    limits = PythonLimits(patience=1.5)
    assert run_python("import time\ntime.sleep(60)", limits, contain=contain).why == "out of time"


@contained_only
@pytest.mark.parametrize(
    "program",
    [
        "print(open('/etc/passwd').read())",
        "open('/usr/lib/x', 'w')",
        "import os\nos.kill(os.getppid(), 0)\nassert os.getppid() > 3",
        "import subprocess\nsubprocess.run(['mount', '-t', 'tmpfs', 'x', '/usr'], check=True)",
        "open('/proc/sys/kernel/core_pattern', 'a')",
        "import os\nos.listdir('/proc')",
    ],
)
def test_contained_it_gets_at_nothing(program: str) -> None:
    run = run_python(program, LIMITS)
    assert not run.finished
    assert "root:" not in run.output


@contained_only
def test_the_network_is_out_of_reach_when_contained_and_not_otherwise() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        program = f"import socket\nsocket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 2)"
        assert [run_python(program, LIMITS, contain=contain).finished for contain in (True, False)] == [False, True]


@contained_only
def test_contained_it_sees_no_file_of_ours_and_no_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("told", encoding="utf-8")
    monkeypatch.setenv("SECRET", "told")
    program = f"import os\nprint(os.path.exists({str(tmp_path)!r}), os.environ.get('SECRET'), os.listdir('/tmp'))"
    run = run_python(program, LIMITS)
    assert run.output.startswith("False None")
    assert "told" not in run.output


def test_without_bubblewrap_nothing_runs_unless_limits_will_do(
    monkeypatch: pytest.MonkeyPatch, refuses: Callable[..., LabError]
) -> None:
    monkeypatch.setattr(python, "can_contain", lambda: False)
    refuses(["bubblewrap", "apt install bubblewrap"], run_python, "print(1)")
    assert run_python("print(1)", LIMITS, contain=False).finished


def test_what_is_not_stopped_is_stated() -> None:
    assert "Not stopped, inside bubblewrap" in (python.__doc__ or "")
    assert "Not stopped without bubblewrap" in (python.__doc__ or "")
