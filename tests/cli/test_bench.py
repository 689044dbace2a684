from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

PROGRAM = '"""Counts its arguments."""\nimport sys\nif __name__ == "__main__":\n    sys.exit(len(sys.argv) - 1)\n'


@pytest.fixture
def parts(project: Path) -> Path:
    folder = project / "bench"
    folder.mkdir()
    (folder / "counting_all.py").write_text(PROGRAM)
    (folder / "piece.py").write_text('"""A piece of the other."""\n')
    return folder


def test_lists_programs_and_no_pieces(works: Callable[..., str], parts: Path) -> None:
    assert works("bench").strip() == "counting-all  Counts its arguments."


def test_options_and_exit_status_pass_through(lab: Callable[..., Result], parts: Path) -> None:
    assert lab("bench", "counting-all", "--device", "cuda", "-x").exit_code == 3


def test_unknown_part(fails: Callable[..., str], parts: Path) -> None:
    assert "counting" in fails("bench", "speed")


def test_not_a_project(fails: Callable[..., str], project: Path) -> None:
    assert "project's root" in fails("bench")
