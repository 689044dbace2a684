"""What people asked to have taken out is gone after a rebuild, wherever the corpus stages write."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmlab.artifacts.documents import read_documents
from llmlab.shards.format import read_shard
from llmlab.tokenizer.base import tokenizer_hash
from llmlab.tokenizer.table import load_tokenizer
from tests.smoke.project import make_project, run

pytestmark = pytest.mark.slow

# Words that no other text has.
STORY = (
    "The Quillfeather of the Brambledown\n\nEvery morning the quillfeather flew over the brambledown and looked for "
    "the one seed that the wind had hidden. She found it on the last day of the year, when nobody else was looking.\n"
)
WORDS = (b"quillfeather", b"Quillfeather", b"zora")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny project of one language with one author more, built up to the shards and the examples."""
    folder = make_project(tmp_path_factory.mktemp("forget"))
    params = (folder / "params.yaml").read_text(encoding="utf-8")
    for other in ("  - smalltalk\n", "  - chinese\n"):
        params = params.replace(other, "", 1)
    (folder / "params.yaml").write_text(params, encoding="utf-8")
    author = folder / "data/bundled/english/zora-quill"
    author.mkdir()
    for number in range(3):
        text = STORY.replace("seed", ("seed", "worm", "berry")[number]).replace(
            "wind", ("wind", "frost", "rain")[number]
        )
        (author / f"{number}.txt").write_text(text * (number + 1), encoding="utf-8")
    for command in ("git init -q", "dvc init -q"):
        assert run(folder, command).returncode == 0
    build(folder)
    return folder


def build(project: Path) -> None:
    result = run(project, "dvc repro shard instruct")
    assert result.returncode == 0, result.stdout + result.stderr


def traces(project: Path, words: tuple[bytes, ...]) -> list[str]:
    """Files that hold one of the words, Parquet files unpacked; the texts one starts from are not looked at."""
    found = []
    for path in sorted(path for path in project.rglob("*") if path.is_file() and not path.is_symlink()):
        name = path.relative_to(project).as_posix()
        if not name.startswith(("data/bundled/", "data/removed.txt", ".git/", "lib/")):
            try:
                content = str(pq.read_table(path).to_pylist()).encode()
            except (pa.ArrowInvalid, OSError):
                content = path.read_bytes()
            if any(word in content for word in words):
                found.append(name)
    return found


def sharded(project: Path) -> str:
    """All that the shards say, in words: their bytes are numbers of tokens."""
    tokenizer = load_tokenizer(project / "models/tokenizer")
    folders = [project / f"data/shards/{name}" for name in ("train", "val", "test")]
    return "\n".join(tokenizer.decode(read_shard(each, tokenizer_hash(tokenizer)).ids.tolist()) for each in folders)


def test_an_author_and_a_document_leave_no_trace(project: Path) -> None:
    before = traces(project, WORDS)
    places = ("raw", "clean", "dropped", "dedup", "decontaminated", "split")
    assert all(any(name.startswith(f"data/{place}") for name in before) for place in places), before
    chosen = next(
        document
        for document in read_documents(project / "data/split/train.parquet", "split")
        if document.kind == "prose" and document.group != "zora-quill"
    )
    words = (*WORDS, chosen.id.encode(), repr(chosen.text[-80:])[1:-1].encode())
    assert all(text in sharded(project) for text in ("quillfeather", chosen.text[-80:].strip()))
    told = run(project, "lab forget zora-quill")
    assert "covers 3 english documents" in told.stdout, told.stdout + told.stderr
    assert run(project, f"lab forget {chosen.id}").returncode == 0
    build(project)
    assert [name for name in traces(project, words) if not name.startswith(".dvc/cache")] == []
    assert not any(text in sharded(project) for text in ("quillfeather", chosen.text[-80:].strip()))
    # The old builds are in DVC's cache until they are cleared away, as the command said.
    assert any(name.startswith(".dvc/cache") for name in traces(project, words))
    assert run(project, "lab clean --artifacts --yes").returncode == 0
    assert traces(project, words) == []
