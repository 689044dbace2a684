from llmlab.tasks.no_calls import NoCalls
from llmlab.tasks.traced import LANGUAGES, trace_of


def test_no_tool_is_needed_since_the_answer_stands_in_the_question() -> None:
    marked = 0
    for lang in LANGUAGES:
        for example in NoCalls().examples(lang, "train", 200, 1):
            assert trace_of(example).steps == ()
            greeted = example.answer.removeprefix("Hello, ").removeprefix("你好，").rstrip("。")
            assert greeted in example.prompt
            marked += "<|" in example.prompt
    assert marked > 20
