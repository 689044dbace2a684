"""The example of docs/TOKENIZERS.md, as it stands there."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.curriculum import train_domain
from tests.tokenizer.sql import SqlDomain

NAMES = "accounts orders customers entries payments invoices addresses products suppliers deliveries".split()
QUERIES = "".join(
    f"SELECT {one}.id, {two}.amount\n  FROM {one} LEFT JOIN {two} ON {two}.{one}_id = {one}.id\n"
    f"  WHERE {two}.amount > {place}{place} ORDER BY {two}.paid_at; -- it's {one}\n"
    for place, one in enumerate(NAMES)
    for two in NAMES
)


@pytest.fixture(scope="module")
def trained():
    config = TokenizerConfig(vocab_size=450, superwords=0.5, max_piece_length=30)
    return train_domain(SqlDomain(), [QUERIES], config, ["sql"])


@given(st.text() | st.text(alphabet="SELECT id'-\n10;."))
@settings(max_examples=100, deadline=None)
def test_any_text_comes_back_exactly(trained, text):
    assert trained.decode(trained.encode(text)) == text


def test_it_does_what_its_remarks_say(trained):
    tokens = [trained.token_bytes(token).decode("utf-8", "replace") for token in range(trained.vocab_size)]
    assert any("LEFT JOIN" in token for token in tokens)
    assert not any("\n" in token.lstrip("\n") for token in tokens)
    assert sum(token.strip() in NAMES for token in tokens) >= 5
    assert len(trained.encode("1")) == 1 < len(trained.encode("11")) == 2


def test_it_is_what_the_docs_show():
    assert Path("tests/tokenizer/sql.py").read_text("utf-8").strip() in Path("docs/TOKENIZERS.md").read_text("utf-8")
