"""A piece of the other benchmarks: one setting in a process of its own, so that peaks of memory do not mix."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

LIMIT = 900  # seconds of one setting
# A process counts what it was before it became another program, so it is started by a small one.
LAUNCHER = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
sys.exit(status != 0)
"""


def in_process(program: str, setting: dict[str, Any]) -> dict[str, Any]:
    """What `program --one SETTING` prints as its last line, a JSON object; or the setting and why it failed."""
    command = [sys.executable, program, "--one", json.dumps(setting)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return {**setting, "failed": f"longer than {LIMIT} s"}
    if done.returncode:
        return {**setting, "failed": done.stderr.strip().splitlines()[-1][:200] if done.stderr.strip() else "killed"}
    return json.loads(done.stdout.splitlines()[-1])


def run_stage(program: str, arguments: list[str], folder: Path, environment: dict[str, str]) -> tuple[float, float]:
    """Seconds of processor time and peak MiB of a stage of the project, run in `folder`."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "lib"), **environment}
    command = [sys.executable, "-ISc", LAUNCHER, sys.executable, str(ROOT / "stages" / program), *arguments]
    result = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise SystemExit(f"{program} failed")
    seconds, kibibytes = result.stdout.splitlines()[-1].split()
    return float(seconds), int(kibibytes) / 1024
