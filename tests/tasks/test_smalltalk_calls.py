from collections import Counter

from llmlab.smalltalk.parser import is_valid_method
from llmlab.tasks.smalltalk_calls import SmalltalkCalls
from llmlab.tasks.traced import LANGUAGES, trace_of


def test_verdicts_are_the_parsers_and_half_are_bad() -> None:
    for number, lang in enumerate(LANGUAGES):
        counts: Counter[str] = Counter()
        for example in SmalltalkCalls().examples(lang, "train", 200, 1):
            (step,) = trace_of(example).steps
            valid, yes, no = is_valid_method(step.argument), ("Yes.", "正确。")[number], ("No.", "不正确。")[number]
            assert step.argument in example.prompt
            if example.answer in (yes, no):
                assert valid == (example.answer == yes)
            else:
                assert valid and example.answer in step.result
            counts[example.answer if example.answer in (yes, no) else "selector"] += 1
        assert min(counts.values()) > 40
