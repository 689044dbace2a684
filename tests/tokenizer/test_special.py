from llmlab.tokenizer.special import (
    ASSISTANT,
    BOS,
    END,
    EOS,
    PAD,
    RESERVED,
    SYSTEM,
    TASKS,
    TOOLS,
    USER,
    language_token,
    special_tokens,
)


def test_ids_do_not_move_when_a_language_is_added():
    two, three = special_tokens(["english", "chinese"]), special_tokens(["english", "chinese", "smalltalk"])
    assert three[: len(two)] == two
    assert three[-1] == language_token("smalltalk") == "<|lang:smalltalk|>"


def test_all_names_differ_and_the_first_three_are_fixed():
    names = special_tokens(["english"])
    assert names[:3] == [PAD, BOS, EOS]
    assert len(set(names)) == len(names)
    assert {SYSTEM, USER, ASSISTANT, END} <= set(names)


def test_reserved_slots_stand_between_the_named_tokens_and_the_languages() -> None:
    """Where they are is what they are for: a name put on one of them moves neither a named token nor a language."""
    names = special_tokens(["english"])
    first = names.index(RESERVED[0])
    assert names[first : first + len(RESERVED)] == list(RESERVED)
    assert names[first + len(RESERVED) :] == [language_token("english")]
    assert first == 7 + len(TOOLS) + len(TASKS)
