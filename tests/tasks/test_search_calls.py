from llmlab.tasks.search_calls import SearchCalls
from llmlab.tasks.traced import LANGUAGES, trace_of


def test_the_answer_stands_in_the_document_that_is_found_and_not_in_the_question() -> None:
    for lang in LANGUAGES:
        for example in SearchCalls().examples(lang, "train", 100, 1):
            trace = trace_of(example)
            (step,) = trace.steps
            assert step.result in trace.documents and len(trace.documents) == 4
            assert example.answer in step.result
            assert example.answer not in example.prompt
            assert trace.lied in trace.lie
