"""Rows and columns of the leaderboard, from metrics alone."""

import json

import pytest

from llmlab.viz.board import evaluation_board, flat_numbers, make_board
from llmlab.viz.results import find, read_results
from tests.viz.made import LANGUAGES, make_project


def flat(root):
    return dict(flat_numbers(json.loads((root / "metrics/eval.json").read_text(encoding="utf-8"))))


def row(board, name):
    return next(each for each in board.entrants if each.name == name).values


def test_every_number_is_the_one_in_the_metrics(project):
    results = read_results(project / "metrics", LANGUAGES)
    board, evaluation = evaluation_board(results), results.evaluation
    for column in board.columns:
        for who, place in column.places.items():
            expected = find(evaluation, *place.split("."))
            names = {
                "base": "base model",
                "chat": "chat model",
                "kneser_ney": "Kneser-Ney 5-gram",
                "ceiling": "real text",
            }
            if who in names:
                assert row(board, names[who]).get(column.key) == expected
    assert row(board, "base model")["bits_per_byte.english"] == evaluation["bits_per_byte"]["base"]["english"]
    assert row(board, "Kneser-Ney 5-gram")["smalltalk.valid"] == 0.23
    assert row(board, "commonest answer")["tasks.copy/english"] == 0.06
    assert len(board.groups()) == 6


def test_the_best_is_the_least_or_the_most_and_never_real_text(project):
    board = evaluation_board(read_results(project / "metrics", LANGUAGES))
    columns = {column.key: column for column in board.columns}
    bits = columns["bits_per_byte.smalltalk"]
    assert board.best(bits) == min(e.values[bits.key] for e in board.entrants if bits.key in e.values)
    assert board.best(columns["smalltalk.valid"]) == 0.62  # real code has 0.99
    assert board.best(columns["text.english.memorised_50"]) is None


def test_states_of_the_project_stand_side_by_side(tmp_path):
    sources = {}
    for name, better in {"old": 0.0, "new": 0.3}.items():
        (tmp_path / name).mkdir()
        sources[name] = flat(make_project(tmp_path / name, better=better))
    board = make_board(sources, LANGUAGES)
    old, new = (row(board, f"base model @ {name}")["bits_per_byte.smalltalk"] for name in ("old", "new"))
    assert new == pytest.approx(old - 0.3)
    (column,) = (column for column in board.columns if column.key == "bits_per_byte.smalltalk")
    assert board.best(column) == new


def test_a_baseline_given_by_hand_joins_and_brings_its_own_columns(project):
    given = {"gpt2": {"bits_per_byte.english": 0.9, "blimp": 0.8}}
    board = make_board({"workspace": flat(project)}, LANGUAGES, given)
    (column,) = (column for column in board.columns if column.key == "bits_per_byte.english")
    assert board.best(column) == 0.9
    assert [(c.key, c.group) for c in board.columns][-1] == ("blimp", "Other")
    assert [each.name for each in board.of_group("Other")[1]] == ["gpt2"]


def test_an_entrant_without_a_number_has_no_row_in_that_group(project):
    board = evaluation_board(read_results(project / "metrics", LANGUAGES))
    assert [each.name for each in board.of_group("Bits per byte of held-out text")[1]] == [
        *("base model", "chat model", "Kneser-Ney 5-gram")
    ]


def test_nothing_measured_is_an_empty_board():
    board = make_board({"workspace": {}}, LANGUAGES)
    assert (board.columns, board.entrants, board.groups()) == ([], [], [])


def test_only_finite_numbers_count():
    tree = {"a": {"b": 1, "c": None, "d": float("nan"), "e": True, "f": "x"}, "g": 0.5}
    assert dict(flat_numbers(tree)) == {"a.b": 1, "g": 0.5}
