import pytest

from llmlab.tokenizer.byte import ByteTokenizer, make_byte
from llmlab.tokenizer.special import special_tokens

MADE = make_byte(["english"])


def test_an_id_is_a_byte(strings):
    for text, ids in zip(strings, MADE.encode_batch(strings), strict=True):
        assert bytes(ids) == text.encode()
        assert MADE.decode(ids) == text


def test_special_tokens_follow_the_bytes():
    assert list(MADE.special) == special_tokens(["english"])
    assert MADE.special["<|pad|>"] == 256
    assert MADE.vocab_size == 256 + len(MADE.special)
    assert MADE.decode([MADE.special["<|bos|>"], 97]) == "a"


def test_surrogates_are_refused(refuses):
    refuses(["U+D801"], MADE.encode, "a\ud801")


@pytest.mark.parametrize("model", [b"", b"\xff", b"{}", b"5"])
def test_bytes_that_are_no_model_are_refused(model, refuses):
    refuses(["model file is broken"], ByteTokenizer, model)
