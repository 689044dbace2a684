from typing import ClassVar

import pytest

from llmlab.tools.base import FAILED, CallLimits, ToolError, ToolName, answer_call, shortened


class Echo:
    """Says what it is asked, and refuses `no`."""

    name: ClassVar[ToolName] = "calc"

    def run(self, argument: str) -> str:
        if argument == "no":
            raise ToolError("not that")
        return argument


TOOLS = {"calc": Echo()}


def test_a_call_has_a_result_and_an_error_is_one_too() -> None:
    assert answer_call(TOOLS, "calc", "7") == "7"
    assert answer_call(TOOLS, "calc", "no") == f"{FAILED}not that"


def test_an_unknown_tool_is_said_to_be_unknown() -> None:
    assert answer_call(TOOLS, "weather", "Oslo") == "error: there is no tool weather"
    assert answer_call({}, "calc", "7") == "error: there is no tool calc"


def test_what_is_too_long_is_not_run_or_cut() -> None:
    limits = CallLimits(argument=5, result=3)
    assert answer_call(TOOLS, "calc", "123456", limits) == "error: 6 characters are too many, 5 at most"
    assert answer_call(TOOLS, "calc", "12345", limits) == "123… (2 more characters)"
    assert shortened("123", 3) == "123"


def test_only_the_errors_of_tools_are_results() -> None:
    """A mistake of our own is not to be read by a model as an answer."""

    class Broken(Echo):
        def run(self, argument: str) -> str:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer_call({"calc": Broken()}, "calc", "1")
