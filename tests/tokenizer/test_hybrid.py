import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlab.tokenizer.base import TokenizerConfig
from llmlab.tokenizer.domain import Domain
from llmlab.tokenizer.hybrid import HybridDomain
from llmlab.tokenizer.table import train_tokenizer

DOMAIN = HybridDomain()
MIXED = 'account at: 12 put: printString. "从前有座山 it\'s HTTPServer2"\n\tself snake_case_name foo: 3.5\n'
PIECES = st.sampled_from([*"\n\t '\":_", "at:", "从前", "printString", "12", "ABCdef", "é", "http://a.b", "从a"])


@pytest.fixture(scope="module")
def trained(prose):
    return train_tokenizer([*prose, MIXED * 30], TokenizerConfig(kind="hybrid", vocab_size=700), ["english"])


@given(st.text() | st.lists(PIECES, max_size=40).map("".join))
@settings(max_examples=100, deadline=None)
def test_any_text_comes_back_exactly(trained, text):
    assert "".join(piece for piece, _ in DOMAIN.segments(text)) == text
    assert all(piece for piece, _ in DOMAIN.segments(text))
    assert trained.decode(trained.encode(text)) == text


def test_contexts():
    found = list(Domain.runs(DOMAIN, MIXED))
    for piece in [
        (" at:", "keyword"), (" 1", "number"), ("2", "number"), (" print", "name"), ("String", "name"),
        ("从前有座山", "chinese"), (" HTTP", "name"), ("Server", "name"), (" snake", "name"), ("_", "name"),
    ]:  # fmt: skip
        assert piece in found


def test_frequent_names_are_words_and_rare_ones_are_characters(trained):
    assert list(map(trained.token_bytes, trained.encode(" printString"))) == [b" print", b"String"]
    assert list(map(trained.token_bytes, trained.encode(" xyzW"))) == [b" ", b"x", b"y", b"z", b"W"]
    assert len(trained.encode(" put:")) == 1


def test_no_token_holds_two_contexts(trained):
    for token in map(trained.token_bytes, range(trained.vocab_size)):
        text = token.decode("utf-8", errors="replace")
        if text and "\ufffd" not in text:
            contexts = {context for _, context in DOMAIN.segments(text)}
            assert len(contexts) == 1 or contexts <= DOMAIN.crossing
