import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.cli import sample as sample_module
from llmlab.cli.errors import LabGroup

COMMANDS = [
    "sample",
    "chat",
    "note",
    "preset",
    "doctor",
    "compare",
    "clean",
    "summary",
    "watch",
    "tool",
    "sweep",
    "adapter",
    "corpus",
    "tokenizer",
]
TOKENIZER = [f"tokenizer {name}" for name in ("train", "encode", "decode", "export", "compare", "inspect")]


def test_bare_command_prints_the_help(works: Callable[..., str]) -> None:
    text = works()
    for name in COMMANDS:
        assert name in text
    assert "Example" in text


@pytest.mark.parametrize(
    "name", [*COMMANDS, "adapter merge", "adapter import", "corpus add", "corpus list", "corpus remove", *TOKENIZER]
)
def test_every_help_ends_with_an_example_that_starts_with_the_command(works: Callable[..., str], name: str) -> None:
    text = " ".join(works(*name.split(), "--help").split())
    assert f"Example: lab {name}" in text


def test_every_option_has_a_help_text(works: Callable[..., str]) -> None:
    for line in works("sample", "--help").splitlines():
        if line.startswith("│ --"):
            assert len(line.strip("│ ").split(None, 2)) == 3, line


def test_group_without_a_command_prints_its_help(works: Callable[..., str]) -> None:
    assert "remove" in works("corpus")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sampel"], "'sample'"),
        (["--bogus"], "--bogus"),
        (["sample", "--bogus"], "--bogus"),
        (["sample", "--seed", "x"], "--seed"),
        (["corpus", "add"], "NAME"),
        (["compare", "one"], "SECOND"),
    ],
)
def test_wrong_usage_is_an_error_like_any_other(fails: Callable[..., str], arguments: list[str], said: str) -> None:
    text = fails(*arguments)
    assert said.lower() in text.lower()
    assert "--help`" in text


def test_outside_a_project(fails: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in (
        ["preset"],
        ["note"],
        ["corpus", "list"],
        ["compare", "a", "b"],
        ["clean", "--all"],
        ["summary"],
        ["watch"],
    ):
        assert "is not a project" in fails(*arguments)


def test_broken_params(fails: Callable[..., str], project: Path) -> None:
    (project / "params.yaml").write_text("a: [1\n", encoding="utf-8")
    assert "not valid YAML" in fails("corpus", "list")


def test_a_file_that_cannot_be_read_is_named(fails: Callable[..., str], project: Path) -> None:
    (project / "params.yaml").unlink()
    (project / "params.yaml").mkdir()
    assert "params.yaml" in fails("preset")


def test_bugs_keep_their_traceback(monkeypatch: pytest.MonkeyPatch, lab: Callable[..., object]) -> None:
    def broken(prompt: str) -> str:
        raise RuntimeError("a bug")

    monkeypatch.setattr(sample_module, "read_prompt", broken)
    result = lab("sample", "x")
    assert isinstance(getattr(result, "exception", None), RuntimeError)


def test_ctrl_c_leaves_with_its_own_code(monkeypatch: pytest.MonkeyPatch, lab: Callable[..., object]) -> None:
    def stop(prompt: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(sample_module, "read_prompt", stop)
    assert getattr(lab("sample", "x"), "exit_code", None) == 130


def test_group_passes_the_exit_code_on() -> None:
    assert issubclass(LabError, ValueError)
    with pytest.raises(SystemExit) as left:
        LabGroup(name="lab").main(["--bogus"], "lab")
    assert left.value.code == 1


def test_help_starts_fast_and_without_torch() -> None:
    """Half a second of processor time, so that a busy machine does not fail it."""
    program = "import sys, llmlab.cli.main; sys.exit('torch' in sys.modules or 'pandas' in sys.modules)"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5
