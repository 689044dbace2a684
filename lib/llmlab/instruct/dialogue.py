"""Chats as they were written, and the exact-match tasks asked as chats."""

from collections.abc import Iterable, Iterator

from llmlab.artifacts.documents import Document
from llmlab.corpus.dialogue import text_to_messages
from llmlab.instruct.base import Instruction, from_messages, instruction
from llmlab.tasks.base import Example


def chats(document: Document) -> Instruction:
    """A document of kind `dialogue` as one example."""
    return from_messages(document.lang, "chat", document.id, text_to_messages(document.text))


def questions(examples: Iterable[Example]) -> Iterator[Instruction]:
    """Task examples as one-turn chats."""
    return (instruction(item.lang, item.task, item.id, item.prompt, item.answer) for item in examples)
