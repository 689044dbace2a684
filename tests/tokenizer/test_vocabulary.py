from llmlab.tokenizer.vocabulary import Vocabulary

MADE = Vocabulary([b"a", b"\xe4\xbb", b"\x8e"], ["<|pad|>", "<|bos|>"])


def test_special_tokens_follow_the_tokens_and_stand_for_nothing():
    assert MADE.vocab_size == 5
    assert dict(MADE.special) == {"<|pad|>": 3, "<|bos|>": 4}
    assert MADE.token_bytes(4) == b""
    assert MADE.decode([4, 0, 3, 0]) == "aa"


def test_bytes_of_several_tokens_make_one_character():
    assert MADE.decode([1, 2]) == "从"
    assert MADE.decode([1, 0]) == "\ufffda"


def test_ids_outside_are_refused(refuses):
    for token in (-1, 5):
        refuses([f"id {token}", "vocabulary of 5"], MADE.decode, [0, token])
