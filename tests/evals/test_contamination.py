import json
from pathlib import Path

import pytest

from llmlab.artifacts.documents import write_rows
from llmlab.corpus.contamination import OVERLAP_COLUMNS, DecontaminateConfig, find_overlaps, items_of, overlap_row
from llmlab.evals.contamination import contamination

from .conftest import document

QUESTION = "Which of the seven gates of the old town was built before the great fire of that dry summer?"
ROWS = [
    {"id": "a1", "task": "gates", "lang": "english", "prompt": QUESTION, "answer": "The northern one"},
    {"id": "a2", "task": "gates", "lang": "english", "prompt": "Who has built the tower of it?", "answer": "Nobody"},
    {"id": "b1", "task": "sums", "lang": "chinese", "prompt": "一加一等于几？", "answer": "二"},
]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    for name in ("tasks", "decontaminated", "instruct"):
        (tmp_path / name).mkdir()
    write_rows(tmp_path / "tasks/gates.parquet", list(ROWS[0]), ROWS[:2])
    write_rows(tmp_path / "tasks/sums.parquet", list(ROWS[0]), ROWS[2:])
    leak = document(f"Somebody wrote: {QUESTION} The northern one. And so on.", "english")
    items = [item for row in ROWS for item in items_of(row["id"], row["prompt"], row["answer"])]
    found = map(overlap_row, find_overlaps([leak], items, DecontaminateConfig()))
    write_rows(tmp_path / "decontaminated/overlaps.parquet", OVERLAP_COLUMNS, found)
    talk = [{"role": "user", "content": "一加一等于几？"}, {"role": "assistant", "content": "二"}]
    code = [
        {"role": "user", "content": [{"token": "<|complete|>"}, "Foo >> bar ["]},
        {"role": "assistant", "content": "^ 1"},
    ]
    told = [
        {"id": "c", "lang": "chinese", "kind": "sums", "messages": json.dumps(talk)},
        {"id": "d", "lang": "smalltalk", "kind": "completion", "messages": json.dumps(code)},
    ]
    write_rows(tmp_path / "instruct/train.parquet", list(told[0]), told)
    return tmp_path / "tasks", tmp_path / "decontaminated", tmp_path / "instruct"


def test_every_task_has_its_account(folders: tuple[Path, Path, Path]) -> None:
    clean = document("A fox met a crow by the river and asked her what was in the bread.", "english")
    found = contamination(*folders, [clean], DecontaminateConfig())
    nothing = {"dropped": 0, "examples_touched": 0, "examples_whole": 0, "left": 0}
    assert found["sums/chinese"] == {"examples": 1, **nothing, "as_instruction": 1}
    assert found["gates/english"] == {
        **{"examples": 2, "dropped": 1, "examples_touched": 1, "examples_whole": 1, "left": 0, "as_instruction": 0}
    }


@pytest.mark.parametrize("enabled", [True, False])
def test_what_is_left_in_training_is_seen_even_when_nothing_was_removed(
    folders: tuple[Path, Path, Path], enabled: bool
) -> None:
    leak = document(f"{QUESTION} Nobody knows.", "english")
    found = contamination(*folders, [leak, leak], DecontaminateConfig(enabled=enabled))
    assert found["gates/english"]["left"] == 2
    assert found["sums/chinese"]["left"] == 0
