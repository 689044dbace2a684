import pytest

from llmlab.tokenizer.smalltalk import SmalltalkDomain


@pytest.mark.parametrize("text", ["", "at: x put: y", "foo\n\t^ 'it''s' \"so\" ", "'open"])
def test_the_pieces_are_the_text(text):
    pieces = [piece for piece, _ in SmalltalkDomain().segments(text)]
    assert "".join(pieces) == text
    assert all(pieces)
