import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.tokenizer.domain import MARKS
from llmlab.tokenizer.echoes import LONGEST, MOST, REACH, Signs, cut, read_echoes, sign, write_echoes

SIGNS = Signs(MARKS[:4])
LOG = (Path(__file__).parent / "fixtures" / "logs" / "shop.log").read_text(encoding="utf-8")
LINE = st.lists(st.sampled_from(["a", "12", "9f3a1c", " ", ".", "é", "\r", "\x85", "\u2028", "\0", "at x"]), max_size=8)
REPEATS = st.lists(st.integers(0, 4), max_size=20)


def written(text):
    return write_echoes(text, SIGNS)


def signs_in(text):
    return re.findall(SIGNS.one.pattern, written(text))


def kinds_in(text):
    names = dict(zip(MARKS, ["like", "copy", "shift", "lines"], strict=False))
    return [names[each[0]] for each in signs_in(text)]


@given(st.text())
@settings(max_examples=50, deadline=None)
def test_any_text_comes_back_exactly(text):
    assert read_echoes(written(text), SIGNS) == text


@given(st.lists(LINE, min_size=5, max_size=5), REPEATS, st.sampled_from(["\n", "\r\n", ""]))
@settings(max_examples=100, deadline=None)
def test_lines_that_recur_in_part_come_back_exactly(lines, order, end):
    text = end.join("".join(lines[number]) for number in order)
    assert read_echoes(written(text), SIGNS) == text


@given(st.text(alphabet=[*MARKS, "$", "%", ",", "z", "1", " ", "\n"]))
@settings(max_examples=100, deadline=None)
def test_nonsense_is_read_without_an_error(text):
    """As a model may write it: what cannot be done is left as it stands, and no character is lost that is no sign."""
    read = read_echoes(text, SIGNS)
    plain = re.sub(f"[{''.join(MARKS[:4])}].?", "", text, flags=re.DOTALL)
    assert len(read) >= len(plain)


@given(st.text(alphabet="ab09f-. \t\r\nAF/é", max_size=60), st.data())
@settings(max_examples=100, deadline=None)
def test_a_stretch_of_whole_fields_is_cut_as_in_its_line(text, data):
    fields = cut(text)
    start = data.draw(st.integers(0, len(fields)))
    end = data.draw(st.integers(start, len(fields)))
    assert cut("".join(fields[start:end])) == fields[start:end]


def test_fields():
    uuid = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    assert cut(f"a {uuid}\n") == ["a", " ", uuid, "\n"]
    assert cut("0x7ffd3c2a91e0, facade") == ["0", "x", "7ffd3c2a91e0", ",", " ", "facade"]
    assert cut("10.4.77.203") == ["10", ".", "4", ".", "77", ".", "203"]


def test_the_same_line_again_is_one_sign():
    assert written("one two three four\n" * 5) == "one two three four\n" + sign(SIGNS.lines, 4)
    block = "one says this\nanother, 12 of it\n\tat third.place(here)\n"
    assert kinds_in(block * 2) == ["like", "lines"]


def test_a_number_that_changed_costs_the_number_and_two_signs():
    text = "worker 1 took 10 ms to answer\nworker 1 took 3841 ms to answer\n"
    assert written(text).count("3841") == 1
    assert kinds_in(text) == ["copy", "copy"]


def test_a_field_more_is_skipped():
    text = "open file a.log for user ann ok\nopen file a.b.c.log for user ann ok\n"
    assert "shift" in kinds_in(text)
    assert read_echoes(written(text), SIGNS) == text


def test_nothing_is_told_by_a_line_out_of_reach():
    line = "a line that nobody says again\n"
    between = "".join(f"{chr(97 + number % 26) * (number + 3)}\n" for number in range(REACH))
    assert written(line + between[: between.rindex("\n", 0, -1)] + "\n" + line).count("nobody") == 1
    assert written(line + between + line).count("nobody") == 2


def test_a_text_without_repetition_is_left_as_it_is():
    text = "alpha beta\ngamma 12 delta\n\nepsilon"
    assert written(text) == text


def test_the_fixture_shrinks_and_comes_back():
    assert read_echoes(written(LOG), SIGNS) == LOG
    assert len(written(LOG)) < 0.75 * len(LOG)


def test_what_a_model_makes_up_does_not_grow_without_bound():
    """Each line is the one before it told twice."""
    doubling = sign(SIGNS.copy, MOST) + sign(SIGNS.shift, 1) * MOST + sign(SIGNS.copy, MOST)
    text = "1" + doubling.join(["\n"] * 60)
    assert len(read_echoes(text, SIGNS)) < 60 * (LONGEST + 2 * len(doubling))


def test_a_line_too_long_to_refer_to_comes_back():
    long, short = "word 12 " * (LONGEST // 8 + 1), "a short line of six words here"
    text = f"{short}\n{long}\n{long}\n{short}\n{long}\n"
    assert read_echoes(written(text), SIGNS) == text
    assert written(text).count("short line") == 1


def test_line_ends_are_kept_as_they_are():
    mixed = "".join(line + random.Random(3).choice(["\n", "\r\n"]) for line in LOG.splitlines() * 2)
    assert read_echoes(written(mixed), SIGNS) == mixed


@pytest.mark.parametrize("number", [1, MOST])
def test_a_sign_is_two_characters(number):
    assert len(sign(SIGNS.copy, number)) == 2
    assert SIGNS.one.fullmatch(sign(SIGNS.copy, number))
