import pytest

from llmlab.tokenizer.base import TokenizerConfig
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
    call_tokens,
    language_token,
    special_tokens,
)
from llmlab.tokenizer.table import train_tokenizer


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


def test_with_tools_two_slots_have_a_name_and_nothing_moves() -> None:
    plain, tools = special_tokens(["english"]), special_tokens(["english"], tools=True)
    differing = [(a, b) for a, b in zip(plain, tools, strict=True) if a != b]
    assert differing == list(zip(RESERVED[:2], call_tokens("smalltalk"), strict=True))


@pytest.mark.parametrize("kind", ["spm", "char", "byte", "bpe"])
def test_the_parameter_names_slots_and_leaves_every_id_where_it_was(kind: str) -> None:
    texts = ["foo: x ^ x + 1. The fox met a crow by the river, and said nothing of the bread that he had seen.\n" * 20]
    made = [
        train_tokenizer(texts, TokenizerConfig(kind=kind, vocab_size=330, tools=tools), ["english"])  # type: ignore[arg-type]
        for tools in (False, True)
    ]
    plain, tools = (dict(each.special) for each in made)
    assert sorted(plain.values()) == sorted(tools.values())
    assert set(plain) - set(tools) == set(RESERVED[:2])
    assert made[0].encode(texts[0]) == made[1].encode(texts[0])
