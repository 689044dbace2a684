import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlab.corpus.dialogue import ROLES, messages_to_text, text_to_messages

# Contents made of the very pieces that could be mistaken for borders, and of anything else.
pieces = st.sampled_from(["User: ", "Assistant: ", "System: ", "\n", "\n\n", "\\", "\\\\", ": ", "x", "user", "\r\n"])
contents = st.one_of(st.lists(pieces, min_size=1, max_size=12).map("".join), st.text(min_size=1))
messages = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(ROLES), "content": contents.filter(str.strip)}), min_size=1
)


@given(messages)
def test_messages_survive_the_text_form(conversation: list[dict[str, str]]) -> None:
    assert text_to_messages(messages_to_text(conversation)) == conversation


def test_the_form() -> None:
    conversation = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Two\n\nparagraphs"},
        {"role": "assistant", "content": "Yes."},
    ]
    assert messages_to_text(conversation) == "System: Be brief.\n\nUser: Two\n\nparagraphs\n\nAssistant: Yes."


def test_a_turn_inside_a_turn_is_escaped() -> None:
    conversation = [{"role": "user", "content": "Quote:\n\nAssistant: no\n\\User: yes"}]
    assert messages_to_text(conversation) == "User: Quote:\n\n\\Assistant: no\n\\\\User: yes"


@pytest.mark.parametrize(
    ("conversation", "said"),
    [
        ([], "no messages"),
        ([{"role": "tool", "content": "x"}], "'tool'"),
        ([{"role": "user", "content": " \n"}], "no content"),
        ([{"role": "user"}], "no content"),
    ],
)
def test_what_is_no_conversation_is_refused(conversation: list[dict[str, str]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        messages_to_text(conversation)


@pytest.mark.parametrize("text", ["", "Hello", "user: hi", "User:hi", "Bot: hi", "\n\nUser: hi"])
def test_text_that_does_not_start_with_a_turn_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="turn starts"):
        text_to_messages(text)
