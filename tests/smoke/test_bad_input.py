"""Bad input, end to end: a sentence that names it and the way out, and nothing half-written."""

import json
import shutil
from pathlib import Path

import pytest

from llmlab.artifacts.documents import write_documents
from tests.smoke.project import make_project, run

CORPUS = (
    "python stages/tasks.py --cache .cache/downloads --out data/tasks --metrics metrics/tasks.json",
    *(
        f"python stages/{stage}.py --lang {{lang}} {rest}"
        for stage, rest in (
            (
                "scrape",
                "--cache .cache --removed data/removed.txt --out data/raw/{lang}.parquet "
                "--metrics metrics/scrape/{lang}.json",
            ),
            (
                "clean",
                "--raw data/raw/{lang}.parquet --removed data/removed.txt --out data/clean/{lang}.parquet "
                "--dropped data/dropped/{lang}.parquet --metrics metrics/clean/{lang}.json",
            ),
        )
    ),
    "python stages/dedupe.py --clean data/clean --out data/dedup --metrics metrics/dedupe.json",
    "python stages/decontaminate.py --dedup data/dedup --tasks data/tasks --out data/decontaminated "
    "--metrics metrics/decontaminate.json",
    "python stages/split.py --documents data/decontaminated --out data/split --metrics metrics/split.json",
    "python stages/train_tokenizer.py --split data/split --out models/tokenizer --metrics metrics/tokenizer.json",
    "python stages/shard.py --split data/split --tokenizer models/tokenizer --out data/shards "
    "--metrics metrics/shard.json",
)
PRETRAIN = (
    "python stages/pretrain.py --shards data/shards --tokenizer models/tokenizer --code params.yaml "
    "--out models/base --metrics metrics/pretrain.json --curve metrics/curves/pretrain.tsv"
)
SCRAPE = CORPUS[1].format(lang="english")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny project whose corpus stages have run."""
    project = make_project(tmp_path_factory.mktemp("project"))
    for command in CORPUS:
        for lang in ("smalltalk", "english", "chinese") if "{lang}" in command else ("",):
            result = run(project, command.format(lang=lang))
            assert result.returncode == 0, result.stderr
    return project


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(built, tmp_path / "project", symlinks=True))


def refused(project: Path, command: str, *words: str, **env: str) -> None:
    """The command must fail with a sentence that holds the words, and leave no temporary file behind."""
    result = run(project, command, **env)
    assert result.returncode == 1, result.stdout + result.stderr
    assert result.stderr.startswith("error: "), result.stderr
    assert "to mend it: " in result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr, result.stderr
    assert not [path for path in project.rglob("*") if path.name.endswith((".writing", ".retired"))]


def edit(project: Path, old: str, new: str) -> None:
    """Replace text in params.yaml that must be there."""
    params = project / "params.yaml"
    text = params.read_text(encoding="utf-8")
    assert old in text
    params.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_empty_corpus(project: Path) -> None:
    (project / "data/raw/english.parquet").unlink()
    shutil.rmtree(project / "data/bundled/english")
    (project / "data/bundled/english").mkdir()
    refused(project, SCRAPE, "english")
    assert not (project / "data/raw/english.parquet").exists()


def test_wrong_encoding(project: Path) -> None:
    (project / "data/own/latin").mkdir()
    (project / "data/own/latin/a.txt").write_bytes("café au lait, ".encode("latin-1") * 40)
    edit(
        project,
        "      - bundled-english\n",
        "      - {kind: local, name: latin, path: data/own/latin, document: prose, license: none}\n",
    )
    refused(project, SCRAPE, "a.txt", "UTF-8")


def test_language_with_no_document_left(project: Path) -> None:
    write_documents(project / "data/decontaminated/chinese.parquet", [])
    command = "python stages/split.py --documents data/decontaminated --out data/again --metrics metrics/again.json"
    refused(project, command, "chinese")
    assert not (project / "data/again").exists()


def test_truncated_shard(project: Path) -> None:
    shard = project / "data/shards/train/ids.bin"
    shard.write_bytes(shard.read_bytes()[:-100])
    refused(project, PRETRAIN, "data/shards/train/ids.bin", "truncated", "dvc repro")
    assert not (project / "models/base").exists()


def test_tokenizer_that_does_not_match(project: Path) -> None:
    edit(project, "vocab_size: 1500", "vocab_size: 1520")
    assert run(project, CORPUS[6]).returncode == 0
    refused(project, PRETRAIN, "data/shards/train/ids.bin", "tokenizer", "dvc repro shard")


def test_params_typo(project: Path) -> None:
    edit(project, "  steps: 6", "  step: 6")
    refused(project, PRETRAIN, "`step`", "did you mean `steps`")


def test_number_out_of_range(project: Path) -> None:
    edit(project, "vocab_size: 1500", "vocab_size: 70")
    refused(project, CORPUS[6], "tokenizer.vocab_size", "greater than or equal to 300")


def test_missing_stage_output(project: Path) -> None:
    shutil.rmtree(project / "models/tokenizer")
    refused(project, PRETRAIN, "models/tokenizer", "dvc repro train_tokenizer")


def test_unknown_format_version(project: Path) -> None:
    path = project / "models/tokenizer/tokenizer.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**facts, "version": 99}), encoding="utf-8")
    refused(project, PRETRAIN, "models/tokenizer/tokenizer.json", "version 99", "dvc repro -f train_tokenizer")


def test_missing_mirror_file(project: Path) -> None:
    mirror = project / "mirror"
    mirror.mkdir()
    sha = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
    catalog = {"files": [{"path": "gone.txt", "sha256": sha}]}
    (mirror / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
    edit(project, "      - bundled-english\n", "      - tinyshakespeare\n")
    refused(project, SCRAPE, "gone.txt", LLMLAB_MIRROR=str(mirror))


def test_wrong_hash(project: Path) -> None:
    mirror = project / "mirror"
    mirror.mkdir()
    sha = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
    (mirror / "catalog.json").write_text(json.dumps({"files": [{"path": "a.txt", "sha256": sha}]}), encoding="utf-8")
    (mirror / "a.txt").write_text("another text", encoding="utf-8")
    edit(project, "      - bundled-english\n", "      - tinyshakespeare\n")
    refused(project, SCRAPE, "a.txt", "sha256", LLMLAB_MIRROR=str(mirror))


def test_full_disk(project: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    # Where the stage wants its temporary file, put a link to the device that answers every write with ENOSPC.
    (project / "metrics/.tokenizer.json.writing").symlink_to(full)
    before = (project / "metrics/tokenizer.json").read_bytes()
    result = run(project, CORPUS[6])
    assert result.returncode == 1, result.stderr
    assert "no space left" in result.stderr
    assert "lab clean" in result.stderr
    assert (project / "metrics/tokenizer.json").read_bytes() == before
