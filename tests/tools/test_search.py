from collections.abc import Callable
from pathlib import Path

import pytest

from llmlab.artifacts.errors import LabError
from llmlab.tools.base import ToolError
from llmlab.tools.search import Search, passages_in, words

DOCUMENTS = ["The fox lives by the river.", "The crow lives in\na tree.", "周红宝住在南京。", "王小明住在北京。", "..."]


def test_the_rarest_shared_words_decide() -> None:
    search = Search(DOCUMENTS)
    assert search.run("Where does the CROW live?") == "The crow lives in a tree."
    assert search.run("river lives") == "The fox lives by the river."
    assert search.run("王小明住在") == "王小明住在北京。"


def test_several_passages_best_first() -> None:
    assert Search(DOCUMENTS, passages=9).run("fox lives").split("\n") == [
        "The fox lives by the river.",
        "The crow lives in a tree.",
    ]


def test_nothing_found_is_said_and_not_the_nearest_thing() -> None:
    for asked in ("zebra", "", "?!", " \n"):
        with pytest.raises(ToolError):
            Search(DOCUMENTS).run(asked)


def test_words_of_both_scripts() -> None:
    assert words("Foo's 3 Bäume, 红宝石!") == ["foo", "s", "3", "bäume", "红", "宝", "石", "红宝", "宝石"]


def test_long_passages_are_cut() -> None:
    assert Search(["word " * 100], characters=20).run("word").startswith("word word word word … (")


def test_the_paragraphs_of_a_folder(tmp_path: Path, refuses: Callable[..., LabError]) -> None:
    refuses(["no text"], passages_in, tmp_path)
    (tmp_path / "b.md").write_text("third\n", encoding="utf-8")
    (tmp_path / "a.txt").write_text("first\nline\n\n \nsecond", encoding="utf-8")
    (tmp_path / "c.bin").write_bytes(b"\xff")
    assert [" ".join(each.split()) for each in passages_in(tmp_path)] == ["first line", "second", "third"]
    (tmp_path / "d.txt").write_bytes(b"\xff\xfe\xfa")
    refuses(["d.txt", "cannot be read"], passages_in, tmp_path)


def test_nothing_to_search_is_refused(refuses: Callable[..., LabError]) -> None:
    refuses(["nothing to search"], Search, ["...", ""])
