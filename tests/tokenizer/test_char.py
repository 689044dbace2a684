import json

import pytest

from llmlab.tokenizer.char import CharTokenizer, train_char
from llmlab.tokenizer.special import special_tokens


def test_ids_are_the_sorted_characters_after_the_special_tokens():
    trained = train_char(["cab", "中 a"], ["english"])
    specials = special_tokens(["english"])
    assert dict(trained.special) == {name: token for token, name in enumerate(specials)}
    assert trained.encode(" abc中") == [len(specials) + n for n in range(5)]
    assert trained.vocab_size == len(specials) + 5


def test_every_string_of_known_characters_comes_back_exactly(strings):
    trained = train_char(strings, ["english"])
    special = set(trained.special.values())
    for text, ids in zip(strings, trained.encode_batch(strings), strict=True):
        assert trained.decode(ids) == text
        assert b"".join(map(trained.token_bytes, ids)) == text.encode()
        assert len(ids) == len(text)
        assert not special.intersection(ids)


def test_an_unknown_character_is_named(char_tokenizer, refuses):
    refuses(["'🙂'", "tokenizer.kind: spm"], char_tokenizer.encode, "fox 🙂")
    refuses(["'<'"], train_char(["abc"], ["english"]).encode, "<|bos|>")


def test_special_tokens_vanish_and_ids_are_checked(char_tokenizer, refuses):
    assert char_tokenizer.decode([0, *char_tokenizer.encode("fox"), 2]) == "fox"
    for token in (-1, char_tokenizer.vocab_size):
        refuses([str(token)], char_tokenizer.decode, [token])


def test_surrogates_and_empty_texts_are_refused(refuses):
    refuses(["U+D801"], train_char, ["a\ud801"], ["english"])
    refuses(["U+D801"], train_char(["a"], ["english"]).encode, "a\ud801")
    for texts in ([], [""]):
        refuses(["no text"], train_char, texts, ["english"])


@pytest.mark.parametrize("model", [b"", b"\xff", b"[]", b"[1, 2]", b'["a", "b", "c"]', json.dumps(5).encode()])
def test_bytes_that_are_no_model_are_refused(refuses, model):
    refuses(["model file is broken"], CharTokenizer, model)
