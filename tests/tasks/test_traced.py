import random
from collections.abc import Mapping

import pytest

from llmlab.tasks.base import set_of
from llmlab.tasks.traced import LANGUAGES, Step, Trace, has_failed, trace_of
from llmlab.tasks.traced_table import TRACED
from llmlab.tools.base import Tool, answer_call
from llmlab.tools.python import can_contain
from llmlab.tools.table import TOOL_NAMES, make_tools

TRACE = Trace("How much?", "5", (Step("search", "x", "2 and 3"), Step("calc", "2 + 3", "5")), "6", "6", ("2 and 3",))


@pytest.fixture(scope="module")
def tools() -> Mapping[str, Tool]:
    examples = [each for task in TRACED.values() for lang in LANGUAGES for each in task.examples(lang, "test", 12, 1)]
    return make_tools(TOOL_NAMES, list(dict.fromkeys(text for each in examples for text in trace_of(each).documents)))


@pytest.mark.parametrize("name", TRACED)
def test_the_real_tools_say_what_the_traces_say(name: str, tools: Mapping[str, Tool]) -> None:
    for lang in LANGUAGES:
        for example in TRACED[name].examples(lang, "test", 12, 1):
            for step in trace_of(example).steps:
                if step.tool != "python" or can_contain():
                    assert answer_call(tools, step.tool, step.argument) == step.result, example.prompt


@pytest.mark.parametrize("name", TRACED)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_examples_carry_their_trace_and_stay_in_their_set(name: str, lang: str) -> None:
    examples = TRACED[name].examples(lang, "val", 20, 1)
    assert len({each.prompt for each in examples}) == 20
    assert examples[:5] == TRACED[name].examples(lang, "val", 5, 1)
    for example in examples:
        trace = trace_of(example)
        assert (trace.question, trace.answer) == (example.prompt, example.answer)
        assert set_of(example.prompt) == "val"
        assert bool(trace.steps) == (name != "no-calls")
        assert TRACED[name].grade(example, example.answer) == 1
        if trace.steps:
            assert trace.lied != trace.answer and trace.lie != trace.steps[-1].result


def test_misled_it_ends_otherwise_and_failing_it_says_so() -> None:
    misled = TRACE.misled()
    assert (misled.answer, misled.steps[-1].result, misled.steps[0]) == ("6", "6", TRACE.steps[0])
    failed = TRACE.failing("chinese", random.Random(1))
    assert failed.steps[-1].result.startswith("error: ")
    assert has_failed(failed.answer, "chinese") and not has_failed(failed.answer, "english")
    plain = Trace("Hello.", "Hello.")
    assert plain.misled() == plain == plain.failing("english", random.Random(1))
