import json
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def history(project: Path, git: Callable[..., None]) -> Path:
    """A commit, and a better evaluation in the working folder."""
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    tree = {
        "bits_per_byte": {"base": {"english": 2.9}, "kneser_ney": {"english": 3.0}},
        "contamination": {"copy/english": {"examples": 50, "left": 0}},
    }
    (project / "metrics/eval.json").write_text(json.dumps(tree), encoding="utf-8")
    return project


def test_the_workspace_by_default(works: Callable[..., str], history: Path) -> None:
    text = works("leaderboard")
    assert "| base model | **2.900** |" in text
    assert "| Kneser-Ney 5-gram | 3.000 |" in text


def test_commits_and_files_side_by_side(works: Callable[..., str], history: Path) -> None:
    other = history / "other.json"
    other.write_text(json.dumps({"bits_per_byte": {"base": {"english": 2.5}}}), encoding="utf-8")
    text = works("leaderboard", "workspace", "HEAD", "other.json")
    for row in ("base model @ workspace | 2.900", "base model @ HEAD | 3.200", "base model @ other.json | **2.500**"):
        assert row in text


def test_a_baseline_from_a_file(works: Callable[..., str], history: Path) -> None:
    (history / "gpt2.json").write_text('{"gpt2": {"bits_per_byte.english": 1.1, "blimp": 0.8}}', encoding="utf-8")
    text = works("leaderboard", "--baseline", "gpt2.json")
    assert "| gpt2 | **1.100** |" in text
    assert "| gpt2 | 0.800 |" in text


def test_pages_are_written(works: Callable[..., str], history: Path) -> None:
    assert "2 rows, 1 measures" in works("leaderboard", "--out", "board.html")
    page = (history / "board.html").read_text(encoding="utf-8")
    assert "2.900" in page
    assert "copy/english" in page
    works("leaderboard", "--out", "board.md")
    assert "| base model |" in (history / "board.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere"),
        (["gone.json"], "gone.json is missing"),
        (["--baseline", "params.yaml"], "not valid JSON"),
        (["--baseline", "metrics/pretrain.json"], "no numbers by column"),
        (["--baseline", "list.json"], "holds no keys"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(
    arguments: list[str], words: str, fails: Callable[..., str], history: Path
) -> None:
    (history / "list.json").write_text("[1]", encoding="utf-8")
    assert words in fails("leaderboard", *arguments)


def test_a_commit_without_an_evaluation(fails: Callable[..., str], history: Path, git: Callable[..., None]) -> None:
    git("rm", "-q", "-f", "metrics/eval.json")
    git("commit", "-q", "-m", "two")
    assert "dvc repro evaluate" in fails("leaderboard", "HEAD")
