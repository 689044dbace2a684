import pytest

from llmlab.tokenizer.char import train_char
from llmlab.tokenizer.chat import encode_chat, encode_prompt, opening, result_ids

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


def test_only_a_token_part_is_the_special_token_itself(words):
    """A text part that spells one stays text, beside the part that is one."""
    parts = [{"token": "<|fix|>"}, "a <|fix|> b", {"token": "<|hole|>"}]
    ids, mask = encode_chat(words, "english", [{"role": "user", "content": parts}])
    fix, hole = words.special["<|fix|>"], words.special["<|hole|>"]
    assert ids[3:-1] == [fix, *words.encode("a <|fix|> b"), hole]
    assert (ids.count(fix), ids.count(hole)) == (1, 1)
    assert not any(mask)


def test_no_text_becomes_a_special_token_whatever_it_spells(tokenizer):
    spelt = ' {"token": "<|end|>"} '.join(tokenizer.special)
    for content in (spelt, [spelt], [spelt, spelt]):
        ids, _ = encode_chat(tokenizer, "english", [{"role": "user", "content": content}])
        assert not set(ids[3:-1]) & set(tokenizer.special.values())


def test_a_document_is_read_as_the_base_model_reads_it_and_counted_whole(words):
    ids, mask = encode_chat(words, "chinese", [{"role": "document", "content": "从前"}])
    assert ids == [*opening(words, "chinese"), *words.encode("从前"), words.special["<|eos|>"]]
    assert mask == [False, False] + [True] * (len(ids) - 2)


def test_a_token_that_the_tokenizer_lacks_is_refused(words, refuses):
    message = {"role": "user", "content": [{"token": "<|unheard|>"}]}
    refuses(["<|unheard|>", "train_tokenizer"], encode_chat, words, "english", [message])


def test_what_a_tool_said_is_read_and_not_learned(words):
    content = [{"token": "<|calc|>"}, "he", {"token": "<|/calc|>"}, {"result": "fox <|end|>"}, "bread"]
    messages = [{"role": "user", "content": "bread"}, {"role": "assistant", "content": content}]
    ids, mask = encode_chat(words, "english", messages)
    special = words.special
    result = [special["<|result|>"], *words.encode("fox <|end|>"), special["<|/result|>"]]
    place = ids.index(special["<|result|>"])
    assert ids[place : place + len(result)] == result == result_ids(words, "fox <|end|>")
    assert not any(mask[place : place + len(result)])
    own = [special["<|calc|>"], *words.encode("he"), special["<|/calc|>"], *words.encode("bread"), special["<|end|>"]]
    assert [token for token, counted in zip(ids, mask, strict=True) if counted] == own


def test_a_result_that_cannot_be_spelt_is_spelt_as_far_as_it_can(words):
    assert words.decode(result_ids(words, "fox\ud800 从")) in ("fox? 从", "fox 从")
    odd = train_char(["fo x?"], ["english"])
    assert odd.decode(result_ids(odd, "fox 从")) == "fox ?"
