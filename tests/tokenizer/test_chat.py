import pytest

from llmlab.tokenizer.char import train_char
from llmlab.tokenizer.chat import encode_chat, encode_prompt, opening

MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is <|end|> in the bread?"},
    {"role": "assistant", "content": "The fox said nothing.\n"},
    {"role": "user", "content": ""},
    {"role": "assistant", "content": "从前"},
]


@pytest.fixture(params=["spm", "char"])
def words(request, tokenizer):
    return tokenizer if request.param == "spm" else train_char([m["content"] for m in MESSAGES], ["english", "chinese"])


def test_the_whole_conversation_in_order(words):
    ids, _ = encode_chat(words, "english", MESSAGES)
    special = words.special
    expected = [special["<|bos|>"], special["<|lang:english|>"]]
    for message in MESSAGES:
        expected += [special[f"<|{message['role']}|>"], *words.encode(message["content"]), special["<|end|>"]]
    assert ids == expected


def test_exactly_the_assistants_words_and_their_end_are_counted(words):
    ids, mask = encode_chat(words, "english", MESSAGES)
    assert len(mask) == len(ids)
    end = words.special["<|end|>"]
    expected = [*words.encode(MESSAGES[2]["content"]), end, *words.encode(MESSAGES[4]["content"]), end]
    assert [token for token, counted in zip(ids, mask, strict=True) if counted] == expected


def test_nobody_can_close_a_turn_by_writing_its_token(words):
    ids, _ = encode_chat(words, "english", MESSAGES)
    assert ids.count(words.special["<|end|>"]) == len(MESSAGES)


def test_a_prompt_is_the_conversation_up_to_the_assistant(words):
    whole, mask = encode_chat(words, "english", MESSAGES[:3])
    prompt = encode_prompt(words, "english", MESSAGES[:2])
    assert whole[: len(prompt)] == prompt
    assert mask.index(True) == len(prompt)


def test_an_empty_conversation_is_its_opening(words):
    assert encode_chat(words, "chinese", []) == (opening(words, "chinese"), [False, False])


def test_unknown_roles_and_languages_are_refused(words, refuses):
    refuses(["'tool'", "assistant"], encode_chat, words, "english", [{"role": "tool", "content": "x"}])
    refuses(["'klingon'", "english, chinese"], opening, words, "klingon")
