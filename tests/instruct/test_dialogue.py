import json
from collections.abc import Callable

from llmlab.artifacts.documents import Document
from llmlab.corpus.dialogue import messages_to_text
from llmlab.instruct.dialogue import chats, questions
from llmlab.tasks.base import Example

from .turns import turns_of


def test_a_chat_comes_out_as_it_was_written(make: Callable[..., Document]) -> None:
    messages = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Hm?\n\nUser: is a label"},
        {"role": "assistant", "content": "No."},
        {"role": "user", "content": "从前"},
        {"role": "assistant", "content": "有"},
    ]
    document = make(messages_to_text(messages), "chinese", "dialogue")
    example = chats(document)
    assert json.loads(example.messages) == messages
    assert (example.lang, example.kind, example.document) == ("chinese", "chat", document.id)


def test_a_task_is_a_question_and_its_answer() -> None:
    items = [
        Example("copy/english/0", "copy", "english", "Repeat: a", "a"),
        Example("x/chinese/3", "x", "chinese", "3加4", "7"),
    ]
    examples = list(questions(items))
    assert [turns_of(example) for example in examples] == [["Repeat: a", "a"], ["3加4", "7"]]
    assert [(each.lang, each.kind, each.document) for each in examples] == [
        ("english", "copy", "copy/english/0"),
        ("chinese", "x", "x/chinese/3"),
    ]
