from collections.abc import Callable
from typing import get_args

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer.special import call_tokens, special_tokens
from llmlab.tools.base import ToolName
from llmlab.tools.table import TOOL_NAMES, make_tools


def test_every_name_makes_a_tool_of_that_name() -> None:
    tools = make_tools(TOOL_NAMES, ["a text"])
    assert set(tools) == set(get_args(ToolName))
    assert all(tool.name == name for name, tool in tools.items())


def test_every_tool_has_its_tags_and_only_smalltalk_needs_the_parameter() -> None:
    tags = {name: set(call_tokens(name)) for name in TOOL_NAMES}
    assert all(pair <= set(special_tokens(["english"], tools=True)) for pair in tags.values())
    plain = set(special_tokens(["english"]))
    assert [name for name, pair in tags.items() if not pair <= plain] == ["smalltalk"]


def test_only_what_is_asked_for_and_nothing_unknown(refuses: Callable[..., LabError]) -> None:
    assert list(make_tools(["smalltalk", "calc"])) == ["calc", "smalltalk"]
    refuses(["weather", "calc, search"], make_tools, ["weather"])
    refuses(["nothing to search"], make_tools, ["search"])
