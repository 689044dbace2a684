"""Programs that try to get out, to go on for ever, or to look finished; all with small limits."""

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.tools import python
from llmlab.tools.base import ToolError
from llmlab.tools.python import Python, PythonLimits, can_contain, run_python

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


_OPEN_FILES = """
import os
for number in range(3, 99):
    try:
        os.fstat(number)
    except OSError:
        continue
    break
else:
    raise SystemExit(1)
"""
# Each prints OUT when it got what it should not get. With those above and below, over forty ways.
ESCAPES = {
    "passwords": "open('/etc/shadow').read()",
    "up and over": "open('/usr/lib/../../etc/passwd').read()",
    "a link out": "import os; os.symlink('/etc/passwd', '/tmp/p'); open('/tmp/p').read()",
    "a hard link": "import os; os.link('/etc/passwd', '/tmp/p')",
    "logs": "import os; os.listdir('/var/log')",
    "the boot folder": "import os; os.listdir('/boot')",
    "what runs": "import os; os.listdir('/run')",
    "the kernel's tree": "import os; os.listdir('/sys')",
    "memory of itself": "open('/proc/self/mem', 'rb')",
    "root of the first process": "import os; os.listdir('/proc/1/root')",
    "memory of the machine": "open('/dev/mem', 'rb')",
    "a disk": "open('/dev/sda', 'rb')",
    "the kernel's log": "open('/dev/kmsg')",
    "a device of its own": "import os; os.mknod('/tmp/d', 0o60600, os.makedev(8, 0)); open('/tmp/d', 'rb')",
    "the interpreter": "import os; open(os.__file__, 'a')",
    "a system folder": "open('/etc/x', 'w')",
    "its own program": "import sys; open(sys.argv[0], 'a')",
    "root": "import os; os.setuid(0); assert os.getuid() == 0",
    "root's group": "import os; os.setgid(0)",
    "su": "import subprocess; subprocess.run(['su', '-c', 'true'], check=True)",
    "another root folder": "import os; os.chroot('/tmp')",
    "a mount": "import ctypes; assert ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0",
    "unmounting": "import ctypes; assert ctypes.CDLL(None).umount2(b'/usr', 2) == 0",
    "a new user namespace": "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
    "a new network": "import ctypes; assert ctypes.CDLL(None).unshare(0x40000000) == 0",
    "bubblewrap in itself": "import subprocess; subprocess.run(['bwrap', '--dev', '/dev', 'true'], check=True)",
    "a kernel module": "import ctypes; assert ctypes.CDLL(None).syscall(175, 0, 0, b'') == 0",
    "the machine's name": "import socket; socket.sethostname('x')",
    "the clock": "import time; time.clock_settime(time.CLOCK_REALTIME, 0)",
    "restarting": "import ctypes; assert ctypes.CDLL(None).reboot(0) == 0",
    "swap": "import ctypes; assert ctypes.CDLL(None).swapoff(b'/dev/null') == 0",
    "priority": "import os; os.nice(-5)",
    "higher limits": "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "more processor time": "import resource; resource.setrlimit(resource.RLIMIT_CPU, (9, 9))",
    "a file without end": "open('/tmp/f', 'wb').write(b'x' * 200_000)",
    "many files": "[open(f'/tmp/{n}', 'wb').write(b'x' * 90_000) for n in range(200)]",
    "a folder of its own": "import os; os.mkdir('/x')",
    "memory of the devices' folder": "open('/dev/shm/x', 'wb')",
    "many open files": "kept = [open('/dev/null') for _ in range(100)]",
    "what stdin holds": "import sys; assert sys.stdin.read()",
    "an open file of ours": _OPEN_FILES,
    "typing into the terminal": "import fcntl; fcntl.ioctl(0, 0x5412, b'x')",
    "a name server": "import socket; socket.getaddrinfo('example.org', 80)",
    "the network without connecting": "import socket; socket.socket(2, 2).sendto(b'x', ('192.0.2.1', 53))",
    "our shared memory": "open('/dev/shm/{mark}')",
    "our process": "import os; os.kill({pid}, 0)",
    "tracing our process": "import ctypes; assert ctypes.CDLL(None).ptrace(16, {pid}, 0, 0) == 0",
}  # fmt: skip


@pytest.fixture(scope="module")
def mark() -> Iterator[str]:
    """A name that nobody else has, of a file in the machine's shared memory."""
    name = f"llmlab-{secrets.token_hex(8)}"
    path = Path("/dev/shm") / name
    path.write_text("told", encoding="utf-8")
    yield name
    path.unlink()


@contained_only
@pytest.mark.parametrize("way", ESCAPES)
def test_no_way_out(way: str, mark: str) -> None:
    program = ESCAPES[way].replace("{mark}", mark).replace("{pid}", str(os.getpid()))
    run = run_python(f"{program}\nprint('OUT')", LIMITS)
    assert "OUT" not in run.output
    assert not run.finished


def test_at_least_forty_ways_are_tried() -> None:
    assert len(set(ESCAPES.values())) >= 40


@contained_only
def test_nothing_that_it_starts_outlives_it(mark: str) -> None:
    child = f"import time; time.sleep(60) # {mark}"
    program = (
        f"import os, sys\nif not os.fork():\n    os.setsid()\n    os.execv(sys.executable, ['python', '-c', {child!r}])"
    )
    assert run_python(program, LIMITS).finished
    # The system takes a moment to end what was in the container; the child would be there for a minute.
    patience = time.monotonic() + 10
    while _alive(mark) and time.monotonic() < patience:
        time.sleep(0.05)
    assert _alive(mark) == []


def _alive(mark: str) -> list[Path]:
    return [path for path in Path("/proc").glob("[0-9]*/cmdline") if mark in _text(path)]


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


@contained_only
def test_what_is_said_not_to_be_stopped_is_not() -> None:
    """The list is no more modest than it must be: the interpreter's folders can be read, a few processes started."""
    assert run_python(
        "import os\nopen(os.__file__).read(1)\nif not os.fork():\n    os._exit(0)\nos.wait()", LIMITS
    ).finished


@pytest.mark.parametrize("contain", CONTAINED)
def test_as_a_tool_it_says_what_was_printed_or_why_nothing_was(contain: bool) -> None:
    tool = Python(LIMITS, contain=contain)
    assert tool.run("print('x'[::-1])") == "x"
    assert tool.run("pass") == "nothing printed"
    for program, why in (("1 / 0", "ZeroDivisionError"), ("import os\nos._exit(3)", "failed")):
        with pytest.raises(ToolError, match=why):
            tool.run(program)


def test_as_a_tool_without_bubblewrap_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "can_contain", lambda: False)
    with pytest.raises(ToolError, match="not run here"):
        Python().run("print(1)")
