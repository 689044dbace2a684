from llmlab.tasks.chained_calls import ChainedCalls
from llmlab.tasks.traced import LANGUAGES, trace_of


def test_the_second_call_works_on_what_the_first_one_found() -> None:
    for lang in LANGUAGES:
        for example in ChainedCalls().examples(lang, "train", 100, 1):
            first, second = trace_of(example).steps
            assert first.tool == "search" and second.tool in ("calc", "python")
            found = second.argument.split(" - ")[1] if second.tool == "calc" else second.argument.split("'")[1]
            assert found in first.result and found not in example.prompt
            assert second.result == example.answer
