import json
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.documents import make_document, write_documents
from llmlab.cli import eval as command

FEW = ("--limit", "4")


def rows_of(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_table_of_the_made_tasks(works: Callable[..., str]) -> None:
    lines = works("eval", "models/chat", "--tasks", "copy,minimal-pairs", *FEW).splitlines()
    assert lines[0].split()[:4] == ["task", "lang", "template", "examples"]
    assert [line.split()[:3] for line in lines[1:]] == [
        ["copy", "english", "chat"],
        ["copy", "chinese", "chat"],
        ["minimal-pairs", "english", "sentence"],
        ["minimal-pairs", "chinese", "sentence"],
    ]


def test_json_holds_the_same_for_the_same_seed(works: Callable[..., str]) -> None:
    once, again = (
        rows_of(works("eval", "models/base", "--tasks", "lists,minimal-pairs", "--json", "--shots", "1", *FEW))
        for _ in range(2)
    )
    for row in (*once, *again):
        assert row.pop("seconds") >= 0  # type: ignore[operator]
    assert once == again
    assert {row["template"] for row in once} == {"question", "sentence"}
    assert [row["unit"] for row in once] == ["right", "right", "accuracy", "accuracy"]


def test_one_language_and_another_template(works: Callable[..., str]) -> None:
    options = ("--lang", "chinese", "--template", "qa", "--samples", "3", "--k", "2", "--json")
    (row,) = rows_of(works("eval", "models/base", "--tasks", "recall", *options, *FEW))
    assert (row["lang"], row["template"], row["pass@2"]) == ("chinese", "qa", 0.0)


def test_variability_over_templates_and_seeds(works: Callable[..., str]) -> None:
    options = ("--seeds", "2", "--lang", "english", "--json")
    (row,) = rows_of(works("eval", "models/base", "--tasks", "copy", *options, *FEW))
    assert {name: len(scores) for name, scores in row["scores"].items()} == {"question": 2, "qa": 2, "bare": 2}  # type: ignore[attr-defined]


def test_held_out_texts_of_the_project(works: Callable[..., str], project: Path) -> None:
    texts = {"english": "The sea was there. " * 5, "chinese": "河边打水。" * 5}
    documents = [
        make_document(lang=lang, kind="prose", text=text, source="s", group="g") for lang, text in texts.items()
    ]
    write_documents(project / "data/split/test.parquet", documents)
    rows = rows_of(works("eval", "models/base", "--tasks", "test-english,test-chinese", "--json"))
    assert [row["task"] for row in rows] == ["test-english", "test-chinese"]
    assert all(2 < row["score"] < 12 for row in rows)  # type: ignore[operator]


def test_what_is_not_at_hand_is_said_and_the_rest_is_done(works: Callable[..., str]) -> None:
    text = works("eval", "models/base", "--tasks", "c4,copy", "--lang", "english", *FEW)
    assert "c4             not put: C4, 300 documents is not at hand" in text
    assert "copy" in text


def test_misspelt_tasks_and_templates_are_refused(fails: Callable[..., str]) -> None:
    assert "no task 'copi'" in fails("eval", "models/base", "--tasks", "copi")
    assert "models/none is missing" in fails("eval", "models/none", "--tasks", "copy")
    assert "--seeds" in fails("eval", "models/base", "--seeds", "0")


@pytest.mark.parametrize(
    ("files", "name", "hub"),
    [
        (("config.json", "training.json"), "models/base", False),
        (("config.json", "tokenizer.json"), "models/base", True),
        ((), "models/base", False),
        ((), "models/none", False),
        ((), "openai-community/gpt2", True),
        ((), "gpt2", False),
    ],
)
def test_what_counts_as_a_model_of_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: tuple[str, ...], name: str, hub: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in files:
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / file).write_text("{}")
    assert command.is_hub(Path(name)) is hub
