"""Chats as they were written, and the exact-match tasks asked as chats."""

from collections.abc import Iterable, Iterator

from llmlab.artifacts.documents import Document
from llmlab.corpus.dialogue import text_to_messages
from llmlab.instruct.base import Instruction, from_messages, instruction, size
from llmlab.tasks.base import Example


def chats(document: Document, most: int) -> Instruction:
    """A document of kind `dialogue` as one example, ended before the first exchange that makes it too long.

    A conversation whose first exchange alone takes more than `most` bytes stays as it is, for the caller to refuse.
    """
    messages = text_to_messages(document.text)
    ends = [place + 1 for place, message in enumerate(messages) if message["role"] == "assistant"]
    fitting = [end for end in ends if size(*(message["content"] for message in messages[:end])) <= most]
    kept = messages[: fitting[-1]] if fitting else messages
    return from_messages(document.lang, "chat", document.id, kept)


def questions(examples: Iterable[Example]) -> Iterator[Instruction]:
    """Task examples as one-turn chats."""
    return (instruction(item.lang, item.task, item.id, item.prompt, item.answer) for item in examples)
