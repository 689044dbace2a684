"""What the tests of every kind of example look at."""

import json
import random
from typing import Any

from llmlab.artifacts.documents import Document
from llmlab.instruct.asking import GAP, Asker
from llmlab.instruct.base import Instruction
from llmlab.instruct.material import Material, methods_of
from llmlab.smalltalk.rendering import parse_rendered
from llmlab.tokenizer.special import HOLE


def contents(example: Instruction) -> list[Any]:
    """The contents of an example's messages, which alternate from the user on."""
    messages = json.loads(example.messages)
    assert [message["role"] for message in messages] == ["user", "assistant"] * (len(messages) // 2)
    assert all(set(message) == {"role", "content"} for message in messages)
    return [message["content"] for message in messages]


def turns_of(example: Instruction) -> list[str]:
    """The same as text: special tokens by name, a hole as the gap that stands there in words."""
    return [
        content
        if isinstance(content, str)
        else "".join(part if isinstance(part, str) else part["token"].replace(HOLE, GAP) for part in content)
        for content in contents(example)
    ]


def asker(worded: float, seed: int = 1) -> Asker:
    """Asks all in words (1.0), all by token (0.0), or a share."""
    return Asker(worded, random.Random(seed))


def materials(document: Document) -> list[Material]:
    """The methods of a rendered class."""
    return list(methods_of(parse_rendered(document.text)))
