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
    example = chats(document, 700)
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


def test_a_long_chat_ends_before_the_exchange_that_does_not_fit(make: Callable[..., Document]) -> None:
    turns = [{"role": role, "content": f"{n} " + "x" * 40} for n in range(5) for role in ("user", "assistant")]
    document = make(messages_to_text(turns), kind="dialogue")
    assert json.loads(chats(document, 200).messages) == turns[:4]
    assert json.loads(chats(document, 20).messages) == turns, "too long from the start: for the basket to refuse"
