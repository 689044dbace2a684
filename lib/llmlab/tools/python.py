"""Python written by a model, run in a process of its own with limits, inside bubblewrap.

Bubblewrap gives it no network, no processes but its own, and no files but the interpreter's (read-only) and an empty
folder in memory. Where it does not work nothing is run, unless the caller says that limits alone will do.

Limits hold in both cases: processor time, memory, file size, open files, and time on the clock, after which the whole
process group is killed. Not stopped, inside bubblewrap: use of a hole in the kernel or in bubblewrap itself;
the processor and memory of as many processes and files as fit into the time on the clock, since the limits hold
for each; reading what the interpreter's own folders hold; a program that sets out to look as if it had reached its last
line (it can read its own text). Not stopped without bubblewrap: the network,
and reading and writing every file that the caller may, besides what is said above.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from llmlab.artifacts.errors import LabError
from llmlab.tools.base import ToolError, ToolName

_READ_ONLY = ("/usr", "/bin", "/lib", "/lib64", "/etc/alternatives")
_TAIL = 4000


@dataclass(frozen=True, kw_only=True)
class PythonLimits:
    """What one program may use."""

    seconds: int = 3
    """Of processor time, for each process."""
    patience: float = 20.0
    """Seconds on the clock, the interpreter's start included."""
    memory: int = 512 << 20
    """Bytes of address space, for each process."""
    written: int = 1 << 20
    """Bytes of a file, what it prints included."""
    files: int = 32
    """Open files."""


@dataclass(frozen=True)
class PythonRun:
    """How a program ended: `finished` is true when it ran to its last line; `output` is the end of what it printed."""

    finished: bool
    output: str
    why: str


LIMITS = PythonLimits()


class Python:
    """See `base.Tool`: what a program prints is the result."""

    name: ClassVar[ToolName] = "python"

    def __init__(self, limits: PythonLimits = LIMITS, *, contain: bool = True) -> None:
        self._limits, self._contain = limits, contain

    def run(self, argument: str) -> str:
        """What the program printed; one that did not run to its last line has failed."""
        if self._contain and not can_contain():
            raise ToolError("programs are not run here")
        run = run_python(argument, self._limits, contain=self._contain)
        if not run.finished:
            last = run.output.rpartition("\n")[2]
            raise ToolError(f"{run.why}: {last}" if last else run.why)
        return run.output or "nothing printed"


@cache
def can_contain() -> bool:
    """Whether bubblewrap is installed and may make a namespace here: inside some containers it may not."""
    if shutil.which("bwrap") is None or shutil.which("prlimit") is None:
        return False
    try:
        done = subprocess.run([*_contained("/tmp"), "true"], capture_output=True, timeout=10, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def run_python(program: str, limits: PythonLimits = LIMITS, *, contain: bool = True) -> PythonRun:
    """Run a program to its end or to its limits; never raises for what the program does.

    Raises:
        LabError: `contain` is wanted and bubblewrap does not work here, or there is nothing to set limits with.
    """
    if contain and not can_contain():
        raise LabError(
            "programs written by a model are run inside bubblewrap only, which does not work here",
            "install version 0.8 or later (`apt install bubblewrap`), and let it make user namespaces",
        )
    if shutil.which("prlimit") is None:
        raise LabError("limits are set by `prlimit`, which is missing", "install util-linux")
    # Printed by the last line: a program that leaves early, however politely, has not run to its end.
    mark = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "program.py").write_text(f"{program}\n\nprint({mark!r})\n", encoding="utf-8")
        status, output = _run(folder, limits, contain)
    finished = status == 0 and output.endswith(mark)
    return PythonRun(finished, output.removesuffix(mark).rstrip("\n")[-_TAIL:], _why(status, finished))


def _run(folder: str, limits: PythonLimits, contain: bool) -> tuple[int | None, str]:
    """Exit status (None: out of time on the clock) and what was printed, errors included."""
    interpreter = [sys.executable, "-I", "-S", f"{folder}/program.py"]
    command = [*_limited(limits), *(_contained(folder) if contain else []), *interpreter]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        try:
            status: int | None = process.wait(limits.patience)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _kill(process)
        printed.seek(0)
        return status, printed.read(limits.written).decode("utf-8", "replace").rstrip("\n")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The whole group: what the program started must not outlive it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _limited(limits: PythonLimits) -> list[str]:
    return [
        "prlimit",
        f"--cpu={limits.seconds}",
        f"--as={limits.memory}",
        f"--fsize={limits.written}",
        f"--nofile={limits.files}",
        "--core=0",
        "--",
    ]


def _contained(folder: str) -> list[str]:
    places = dict.fromkeys([*_READ_ONLY, sys.base_prefix, sys.prefix])
    binds = [part for place in places if os.path.lexists(place) for part in _shown(place)]
    own = ["--ro-bind", folder, folder] if folder != "/tmp" else []
    return [
        "bwrap",
        "--unshare-all",
        # Root would keep its capabilities, and with them the right to mount, were it not nobody in there.
        "--unshare-user",
        "--disable-userns",
        "--uid",
        "65534",
        "--gid",
        "65534",
        "--cap-drop",
        "ALL",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        # No /proc: started by root, nobody in there still owns the kernel's settings below it.
        "--dev",
        "/dev",
        "--size",
        str(8 << 20),
        "--tmpfs",
        "/tmp",
        *binds,
        *own,
        # Both are in memory, and without a size of their own.
        "--remount-ro",
        "/dev",
        "--remount-ro",
        "/",
        "--chdir",
        "/tmp",
    ]


def _shown(place: str) -> list[str]:
    """A folder as it is, a link as a link: `/lib` is one on most systems."""
    if os.path.islink(place):
        return ["--symlink", os.readlink(place), place]
    return ["--ro-bind", place, place]


def _why(status: int | None, finished: bool) -> str:
    if status is None:
        return "out of time"
    if finished:
        return "finished"
    if status == 0:
        return "ended before its last line"
    # bubblewrap and a shell both give a death by signal as 128 and its number.
    number = -status if status < 0 else status - 128
    stopped = {signal.SIGXCPU: "out of processor time", signal.SIGKILL: "killed", signal.SIGXFSZ: "wrote too much"}
    return stopped.get(signal.Signals(number), f"signal {number}") if number in set(signal.Signals) else "failed"
