import shutil
from collections.abc import Callable
from pathlib import Path


def test_summary_shows_the_numbers(works: Callable[..., str]) -> None:
    text = works("summary")
    assert "bits per byte" in text
    assert "40,000" in text


def test_nothing_has_run(fails: Callable[..., str], project: Path) -> None:
    shutil.rmtree(project / "metrics")
    assert "dvc repro" in fails("summary")
