from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.domain import MARKS
from llmlab.tokenizer.rails import RailsDomain
from llmlab.tokenizer.table import train_tokenizer

FILES = sorted((Path(__file__).parent / "fixtures" / "rails").iterdir())
TEXTS = [path.read_text(encoding="utf-8") for path in FILES]
DOMAIN = RailsDomain()
PARTS = [
    "\n", "\r\n", "  ", "\t", "end", "end\n", "  end\r\n", "<%", "<%=", "-%>", "%>", "<div", "</div>",
    ":name", "name:", "::", "@a",
    "@@b", "&.c", "é", "空", "#", "\0", "?", "save!", "1_000", "%w[a b]", "<<~SQL", "}", ")", "\\", "'", '"', "\u2028",
]  # fmt: skip


def pieces(text):
    return [piece for piece, _ in DOMAIN.segments(text)]


@pytest.fixture(scope="module")
def trained():
    config = TokenizerConfig(kind="rails", vocab_size=600, superwords=0.4, max_piece_length=40)
    return train_tokenizer(TEXTS * 3, config, ["english"])


@given(st.lists(st.sampled_from(PARTS), max_size=15))
@settings(max_examples=150, deadline=None)
def test_code_and_nonsense_are_written_and_cut_without_loss(parts):
    text = "".join(parts)
    written = DOMAIN.rewrite(text)
    assert DOMAIN.restore(written) == text
    for each in (text, written):
        assert "".join(pieces(each)) == each
        assert "" not in pieces(each)


@given(st.text(alphabet=[*MARKS, "$", " ", "\n", "a"]))
@settings(max_examples=50, deadline=None)
def test_any_marks_are_read(text):
    assert "".join(pieces(text)) == text
    DOMAIN.restore(text)


@given(st.text())
@settings(max_examples=50, deadline=None)
def test_any_text_comes_back_exactly(trained, text):
    assert trained.decode(trained.encode(text)) == text


@pytest.mark.parametrize("text", TEXTS, ids=[path.name for path in FILES])
def test_files_come_back_exactly(trained, text):
    for each in (text, text.replace("\n", "\r\n"), text[::-1], text[5:-5]):
        assert trained.decode(trained.encode(each)) == each


def test_names_are_cut_into_words_with_the_sign_that_joins_them():
    code = "@order.line_items if Time::Zone.find_byName?"
    assert pieces(code) == [
        "@order", ".line", "_items", " if", " Time", "::", "Zone", ".find", "_by", "Name", "?"
    ]  # fmt: skip


def test_depth_is_what_changed():
    deep = "a\n  b\n    c\n  d\n\ne\n   f\n  g\n"
    written = DOMAIN.rewrite(deep)
    assert DOMAIN.restore(written) == deep
    assert written.count(MARKS[4]) + written.count(MARKS[5]) + written.count(MARKS[6]) == 4
    assert "\n   f\n  g" in written
    once, twice = DOMAIN.rewrite("x\n  y"), DOMAIN.rewrite("    x\n      y")
    assert twice.lstrip(" ") != once
    assert DOMAIN.restore(twice) == "    x\n      y"


def test_the_lines_that_close_blocks_are_one_piece():
    same, back = MARKS[4], MARKS[6]
    code = DOMAIN.rewrite("a\n  b\n    c\n  end\nend\n\ndef y")
    assert f"\n{back}end\n{back}end\n\n{same}" in pieces(code)
    assert pieces("x\nendless\n")[1:] == ["\n", "endless", "\n"]


def test_templates():
    text = "<li><%= link_to item.name %></li>"
    assert pieces(text) == ["<li>", "<%=", " link", "_to", " item", ".name", " %>", "</li>"]


def test_a_line_told_by_an_earlier_one_costs_little(trained):
    line = "  get :index, params: { order_id: @order.id }\n"
    assert len(trained.encode(line * 8)) <= len(trained.encode(line)) + 12


def test_fewer_tokens_than_superwords_without_the_domain(trained):
    """On files that neither has seen: each is left out in turn."""
    ours = theirs = 0
    for left_out in range(len(TEXTS)):
        seen = [text for place, text in enumerate(TEXTS) if place != left_out] * 3
        for kind in ("rails", "bpe"):
            config = TokenizerConfig(kind=kind, vocab_size=500, superwords=0.4, max_piece_length=40)
            count = len(train_tokenizer(seen, config, ["english"]).encode(TEXTS[left_out]))
            ours += count * (kind == "rails")
            theirs += count * (kind == "bpe")
    assert ours < 0.95 * theirs
