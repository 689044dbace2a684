"""Whoever cleans, the same bytes come out: the plain path is the authority for every executor."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from llmlab.artifacts.documents import Document, write_documents
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.params import build
from llmlab.corpus import clean_parts
from llmlab.corpus.clean import CleanConfig
from llmlab.corpus.clean_parts import clean_by, clean_in_parts
from llmlab.corpus.cluster import ClusterConfig
from llmlab.corpus.flow import Flow
from llmlab.corpus.labels import Labels
from llmlab.corpus.outcome import Dropped, Kept, open_dropped, outcome_of, outcome_row

Make = Callable[..., Document]
BUNDLED = Path(__file__).parents[2] / "data/bundled"
LANGUAGES = ["smalltalk", "english", "chinese"]
CONFIG = CleanConfig(class_chars=1500)
TWO = """
!Pond methodsFor: 'a'!
depth
\t^ depth!
broken
\t^ ( depth! !
!Lake methodsFor: 'a'!
shore
\t^ 'from a@b.org, with a word or two more than nothing'! !
"""


@pytest.fixture
def documents(make: Make) -> list[Document]:
    """Kept and dropped ones of every kind, with parts, fragments, secrets and odd characters."""
    classes = [path.read_text(encoding="utf-8") for path in sorted(BUNDLED.glob("smalltalk/*/*.st"))[::12]]
    tales = [path.read_text(encoding="utf-8") for path in sorted(BUNDLED.glob("english/*/*.txt"))[::60]]
    poems = [path.read_text(encoding="utf-8") for path in sorted(BUNDLED.glob("chinese/*/*.txt"))[::60]]
    found = [make(text, "smalltalk", "code") for text in (*classes, TWO, "no code (", 'A comment "')]
    found += [make(text) for text in (*tales, "short", "=" * 200, "one line\n" * 60, "Call jane@doe.example now. " * 3)]
    found += [make("User: Hi?\n\nAssistant: Hello, \U0001f600.", kind="dialogue"), make("nobody", kind="dialogue")]
    return found + [make(text, "chinese") for text in (*poems, "\u5b57")] + [make("shut " * 30, license="secret")]


def outs(folder: Path, outcomes: Callable[[Iterator[Document]], Iterator[Kept | Dropped]], documents: Any) -> Any:
    """What stage `clean` writes: the bytes of both tables, and the metrics."""
    with open_dropped(folder / "dropped") as set_aside:
        flow, labels = Flow(LANGUAGES, set_aside), Labels()
        write_documents(folder / "out", labels.read(flow.leave(outcomes(flow.enter(documents)))))
    files = [(folder / name).read_bytes() for name in ("out", "dropped")]
    return *files, json.dumps([flow.report(), labels.report()])


def compare(folder: Path, documents: list[Document], monkeypatch: pytest.MonkeyPatch, **more: Any) -> int:
    """The outs of an executor are those of the plain path; returns how many parts it had."""
    monkeypatch.setattr(clean_parts, "_PART_CHARACTERS", sum(len(each.text) for each in documents) // 4)
    plain = outs(folder / "plain", lambda stream: clean_by(stream, CONFIG), documents)
    work = folder / "work"
    there = outs(folder / "parts", lambda stream: clean_in_parts(stream, replace(CONFIG, **more), work), documents)
    assert there == plain
    reasons = set(pq.read_table(folder / "plain/dropped")["reason"].to_pylist())
    assert {"too short", "mostly symbols", "not a dialogue", "broken method"} <= reasons
    assert '"further_parts"' in plain[2]
    return len(list((work / "outcomes").iterdir()))


def test_parts_give_the_bytes_of_the_plain_path(
    documents: list[Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compare(tmp_path, documents, monkeypatch) >= 3


def test_params_choose_the_way(documents: list[Document], monkeypatch: pytest.MonkeyPatch) -> None:
    """One local worker works in this process, document by document; more have a work folder, which goes."""
    seen: list[str] = []
    monkeypatch.setattr(clean_parts, "run_tasks", lambda *arguments: seen.append(arguments[3]))
    monkeypatch.setattr(clean_parts, "read_rows", lambda path, _stage: iter([{"work": str(path)}]))
    monkeypatch.setattr(clean_parts, "outcome_of", lambda row: row["work"])
    stream = iter(documents)
    next(clean_by(stream, CleanConfig()))
    assert len(list(stream)) == len(documents) - 1
    assert list(clean_by(iter(documents), CleanConfig(enabled=False, executor="ray"))) == list(map(Kept, documents))
    assert seen == []
    two = build(CleanConfig, {"cluster": {"workers": 2}}, "params.yaml: clean")
    (work,) = clean_by(iter(documents), two)
    assert not Path(str(work)).parents[1].exists()
    assert list(clean_by(iter(documents), build(CleanConfig, {"executor": "ray"}, "params.yaml: clean"))) != []
    assert seen == ["local", "ray"]
    # The workers of a Slurm job that is not set up are not waited for.
    monkeypatch.undo()
    with pytest.raises(LabError, match="partition"):
        list(clean_by(iter(documents), build(CleanConfig, {"executor": "slurm"}, "params.yaml: clean")))


def test_nothing_to_clean(tmp_path: Path) -> None:
    assert list(clean_in_parts([], CONFIG, tmp_path)) == []


def test_outcomes_survive_as_rows(make: Make) -> None:
    outcomes: list[Kept | Dropped] = [
        Kept(make("a")),
        Kept(make("b"), part=3),
        Dropped(make("c"), "clean", "why", "more", part=2),
        Dropped(make(""), "clean", "why", fragment=True),
    ]
    assert [outcome_of(outcome_row(each)) for each in outcomes] == outcomes


@pytest.mark.slow
def test_two_workers(documents: list[Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compare(tmp_path, documents, monkeypatch, cluster=ClusterConfig(workers=2)) >= 3


@pytest.mark.slow
def test_slurm(documents: list[Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_slurm: Path) -> None:
    """On a stand-in for Slurm's programs."""
    cluster = ClusterConfig(workers=1, partition="cpu", sbatch={"account": "lab"})
    assert compare(tmp_path, documents, monkeypatch, executor="slurm", cluster=cluster) >= 3
    assert fake_slurm.read_text().startswith("llmlab-clean cpu")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra `ray`")
def test_ray(documents: list[Document], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = ClusterConfig(workers=2, memory_gb=0.2)
    assert compare(tmp_path, documents, monkeypatch, executor="ray", cluster=cluster) >= 3
