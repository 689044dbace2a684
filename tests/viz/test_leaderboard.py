"""The page and the Markdown of the leaderboard."""

import re
from html.parser import HTMLParser

from llmlab.viz.board import evaluation_board, make_board
from llmlab.viz.leaderboard import leaderboard_markdown, write_leaderboard
from llmlab.viz.results import read_results
from tests.viz.made import HOSTILE, LANGUAGES


class Tables(HTMLParser):
    """The text of every cell, by table."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.links, self.opened = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.opened.append(tag)
        self.links += [value for name, value in attributes if name in ("href", "src")]
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_data(self, data):
        if self.tables and self.tables[-1] and self.tables[-1][-1]:
            self.tables[-1][-1][-1] += data.strip()


def page(board, contamination, tmp_path):
    path = tmp_path / "board.html"
    write_leaderboard(board, contamination, path)
    return path.read_text(encoding="utf-8")


def test_the_page_holds_the_numbers_and_needs_nothing_else(project, tmp_path):
    results = read_results(project / "metrics", LANGUAGES)
    text = page(evaluation_board(results), results.evaluation["contamination"], tmp_path)
    read = Tables(text)
    bits = results.evaluation["bits_per_byte"]
    assert read.tables[0][1] == ["base model", *(f"{bits['base'][lang]:.3f}" for lang in (*LANGUAGES, "all"))]
    assert all(len({len(row) for row in table}) == 1 for table in read.tables)
    assert read.links == []
    assert "script" not in read.opened
    assert "default-src 'none'" in text


def test_tasks_show_how_clean_they_are(project, tmp_path):
    results = read_results(project / "metrics", LANGUAGES)
    contamination = results.evaluation["contamination"]
    table = Tables(page(evaluation_board(results), contamination, tmp_path)).tables[-1]
    assert [row[0] for row in table[1:]] == sorted(contamination)
    assert table[1][1:] == ["100", "3", "2", "1", "0", "–"]


def test_markdown_has_the_same_numbers_and_marks_the_best(project):
    results = read_results(project / "metrics", LANGUAGES)
    text = leaderboard_markdown(evaluation_board(results))
    base = f"{results.evaluation['bits_per_byte']['base']['smalltalk']:.3f}"
    assert re.search(rf"\| base model \| \*\*{re.escape(base)}\*\* \|", text)
    assert "| real text |" in text
    assert text.count("| --- |") == len(evaluation_board(results).groups())


def test_a_hostile_name_is_text(project, tmp_path):
    board = make_board({"workspace": {}}, LANGUAGES, {HOSTILE: {"<i>|x": 1.0}})
    read = Tables(page(board, {HOSTILE: {"examples": 1}}, tmp_path))
    assert not {"script", "b", "i"} & set(read.opened)
    assert "\\|x" in leaderboard_markdown(board)


def test_an_empty_board_says_so(tmp_path):
    board = make_board({"workspace": {}}, LANGUAGES)
    assert "Nothing was measured yet" in page(board, {}, tmp_path)
    assert "dvc repro evaluate" in leaderboard_markdown(board)
