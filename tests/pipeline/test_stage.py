import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.lock import exclusive
from llmlab.pipeline.stage import read_run

ROOT = Path(__file__).parents[2]
PROGRAM = '''"""Do the job."""
from pathlib import Path
from llmlab.artifacts.errors import LabError
from llmlab.pipeline.stage import run_stage

def main(*, lang: str, out: Path) -> {returns}:
    {body}

if __name__ == "__main__":
    run_stage(main)
'''


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a stage program with this body in a folder of its own."""

    def call(body: str, *arguments: str, returns: str = "dict | None") -> subprocess.CompletedProcess[str]:
        (tmp_path / "job.py").write_text(PROGRAM.format(body=body, returns=returns), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "lib"), "NO_COLOR": "1", "COLUMNS": "200"}
        command = [sys.executable, "job.py", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return call


GOOD = ("--lang", "english", "--out", "x/y.txt")


def test_options_are_those_of_the_signature_with_their_types(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run("print(repr(lang), repr(out))", *GOOD)
    assert done.returncode == 0
    assert done.stdout == "'english' PosixPath('x/y.txt')\n"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--lang", "english"), "--out"),
        ((*GOOD, "--extra", "1"), "--extra"),
        ((*GOOD, "stray"), "stray"),
    ],
)
def test_missing_and_unknown_options_are_refused(
    run: Callable[..., subprocess.CompletedProcess[str]], arguments: tuple[str, ...], word: str
) -> None:
    done = run("print('ran')", *arguments)
    assert done.returncode == 2
    assert word in done.stderr
    assert "ran" not in done.stdout


def test_help_tells_the_docstring_and_the_options(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = run("pass", "--help")
    assert done.returncode == 0
    assert "Do the job." in done.stdout
    assert "--lang" in done.stdout
    assert "--out" in done.stdout


def test_a_lab_error_is_a_sentence_with_its_remedy_and_no_traceback(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = run("raise LabError(f'{out} is missing', 'run `dvc repro that`')", *GOOD)
    assert done.returncode == 1
    assert done.stderr == "error: x/y.txt is missing\n  to mend it: run `dvc repro that`\n"
    assert done.stdout == ""
    assert not (tmp_path / ".runs" / "job-english.json").exists()


def test_a_full_disk_is_a_sentence(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = run("import errno; raise OSError(errno.ENOSPC, 'no space', str(out))", *GOOD)
    assert done.returncode == 1
    assert "no space left on the disk while writing x/y.txt" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("error", ["RuntimeError('ours')", "FileNotFoundError(2, 'gone', 'f')"])
def test_a_bug_of_ours_keeps_its_traceback(run: Callable[..., subprocess.CompletedProcess[str]], error: str) -> None:
    done = run(f"raise {error}", *GOOD)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert error.partition("(")[0] in done.stderr


def test_facts_of_the_run_lie_beside_the_artifacts(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the stage's name and what tells its runs apart, which for a matrix is the language."""
    assert run("import time; time.sleep(0.2); return {'speed': 7}", *GOOD).returncode == 0
    facts = json.loads((tmp_path / ".runs" / "job-english.json").read_text(encoding="utf-8"))
    assert facts["speed"] == 7
    assert 0.2 <= facts["seconds"] < 60
    monkeypatch.chdir(tmp_path)
    assert read_run("job-english") == facts
    assert read_run("job-chinese") == {}


def test_a_second_writer_is_refused_and_another_language_is_not(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    with exclusive(tmp_path / ".runs" / "job-english.lock", "the test"):
        refused = run("print('ran')", *GOOD)
        other = run("print('ran')", "--lang", "chinese", "--out", "x")
    assert refused.returncode == 1
    assert "stage job-english is already running in another process" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""
    assert other.stdout == "ran\n"
    assert run("print('ran')", *GOOD).stdout == "ran\n"


def test_the_lock_ends_with_a_killed_process(
    tmp_path: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    body = "import os, signal; print('in', flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    killed = run(body, *GOOD)
    assert killed.returncode == -9
    assert (tmp_path / ".runs" / "job-english.lock").exists()
    assert run("print('ran')", *GOOD).stdout == "ran\n"


def test_progress_arrives_line_by_line_through_a_pipe(tmp_path: Path) -> None:
    body = "import time; print('first'); time.sleep(60)"
    (tmp_path / "job.py").write_text(PROGRAM.format(body=body, returns="None"), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "lib")}
    environment.pop("PYTHONUNBUFFERED", None)
    command = [sys.executable, "job.py", *GOOD]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        started = time.monotonic()
        assert process.stdout is not None
        line = process.stdout.readline()
        took = time.monotonic() - started
        process.kill()
    assert line == "first\n"
    assert took < 50


def test_a_copy_of_the_project_is_not_run_on_another_ones_library(
    run: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """The fingerprint would be that of the copy, the result that of the other."""
    (tmp_path / "lib" / "llmlab").mkdir(parents=True)
    done = run("print('ran')", *GOOD)
    assert done.returncode == 1
    assert str(tmp_path / "lib" / "llmlab") in done.stderr
    assert "PYTHONPATH=lib" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
