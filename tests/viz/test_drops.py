import pytest

from llmlab.artifacts.documents import write_rows
from llmlab.artifacts.errors import LabError
from llmlab.viz.drops import read_drops
from tests.viz.made import DROPPED, row


def read(project):
    data = project / "data"
    return read_drops(data / "dropped", data / "dedup", data / "decontaminated")


def test_reasons_are_counted_and_three_of_each_shown(project):
    drops = read(project)
    assert list(drops) == ["smalltalk", "english", "chinese"] or set(drops) == {"smalltalk", "english", "chinese"}
    assert [(each.step, each.reason, each.fragment, each.documents) for each in drops["smalltalk"]] == [
        ("clean", "too short", False, 5),
        ("clean", "broken method", True, 1),
        ("dedupe", "near copy", False, 1),
    ]
    assert len(drops["english"][0].specimens) == 3
    assert drops["english"][1].specimens[0].detail == "line 1"


def test_the_sample_does_not_depend_on_the_order_of_the_rows(project):
    path = project / "data" / "dropped" / "english.parquet"
    rows = [row("english", f"text {number}", "clean", "too short") for number in range(9)]
    write_rows(path, DROPPED, rows)
    first = read(project)["english"][0].specimens
    write_rows(path, DROPPED, rows[::-1])
    assert read(project)["english"][0].specimens == first
    assert [each.id for each in first] == sorted(each["id"] for each in rows)[:3]


def test_long_texts_are_cut_and_strange_characters_shown(project):
    near = read(project)["smalltalk"][2].specimens[0]
    assert near.text == "x" * 480 + "…"
    assert near.length == 900
    assert "\u202e" not in read(project)["english"][0].specimens[0].text


def test_a_missing_file_is_a_sentence(project):
    (project / "data" / "dedup" / "dropped.parquet").unlink()
    with pytest.raises(LabError, match=r"dedup/dropped\.parquet is missing"):
        read(project)
