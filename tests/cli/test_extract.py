import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from llmlab.cli.main import app

FORMATS = Path(__file__).parents[1] / "smalltalk" / "fixtures" / "formats"


def run(*arguments: str):
    return CliRunner().invoke(app, ["smalltalk", "extract", *arguments])


def test_records_to_the_terminal_and_counts_beside_them():
    result = run(str(FORMATS / "gnu.st"), "--repo", "r", "--license", "MIT")
    assert result.exit_code == 0
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert {each["class"] for each in records} == {"Mill", "Sluice"}
    assert {(each["repo"], each["licence"], each["dialect"]) for each in records} == {("r", "MIT", "gnu")}
    assert "1 files, 2 classes, 10 methods" in result.stderr
    assert "read: 1 gnu (gnu)" in result.stderr


def test_a_folder_to_files(tmp_path):
    out, refused = tmp_path / "records.jsonl", tmp_path / "refused.tsv"
    result = run(str(FORMATS), "--out", str(out), "--refused", str(refused))
    assert (result.exit_code, result.stdout) == (0, "")
    paths = {json.loads(line)["path"] for line in out.read_text(encoding="utf-8").splitlines()}
    rows = [line.split("\t") for line in refused.read_text(encoding="utf-8").splitlines()]
    # Whatever is no record is a refusal.
    files = {path.relative_to(FORMATS).as_posix() for path in FORMATS.rglob("*") if path.is_file()}
    assert {name for name in files if not name.startswith("filetree/")} <= paths | {row[0] for row in rows}
    assert ["lookalikes/letter.cls", "not Smalltalk: TeX", ""] in rows
    assert "refused: 1 not Smalltalk: TeX" in result.stderr


def test_what_cannot_be_read(tmp_path, fails: Callable[..., str], project: Path):
    assert "does not exist" in fails("smalltalk", "extract", "nowhere")
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04" + b"\0" * 50)
    assert "broken zip" in fails("smalltalk", "extract", str(tmp_path / "cut.zip"))


def test_help_ends_with_an_example():
    result = run("--help")
    assert result.exit_code == 0
    assert "Example: lab smalltalk extract" in " ".join(result.stdout.split())
