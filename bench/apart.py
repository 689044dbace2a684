"""A piece of the other benchmarks: one setting in a process of its own, so that peaks of memory do not mix."""

import json
import subprocess
import sys
from typing import Any

LIMIT = 900  # seconds of one setting


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
