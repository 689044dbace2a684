"""What the tests of every kind of example look at."""

import json

from llmlab.instruct.base import Instruction


def turns_of(example: Instruction) -> list[str]:
    """The contents of an example's messages, which alternate from the user on."""
    messages = json.loads(example.messages)
    assert [message["role"] for message in messages] == ["user", "assistant"] * (len(messages) // 2)
    assert all(set(message) == {"role", "content"} for message in messages)
    return [message["content"] for message in messages]
