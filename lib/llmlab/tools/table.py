"""Name to tool: adding one is a file of its own, a name in `base.ToolName` and a line here."""

from collections.abc import Callable, Collection, Mapping, Sequence

from llmlab.artifacts.errors import LabError
from llmlab.tools.base import Tool
from llmlab.tools.calculator import Calculator
from llmlab.tools.python import Python
from llmlab.tools.search import Search
from llmlab.tools.smalltalk import Smalltalk

_TOOLS: dict[str, Callable[[Sequence[str]], Tool]] = {
    "calc": lambda _: Calculator(),
    "search": Search,
    "python": lambda _: Python(),
    "smalltalk": lambda _: Smalltalk(),
}
TOOL_NAMES = tuple(_TOOLS)


def make_tools(names: Collection[str], documents: Sequence[str] = ()) -> Mapping[str, Tool]:
    """The tools of these names; `documents` are what `search` looks through.

    Raises:
        LabError: there is no such tool, or nothing to search.
    """
    for name in names:
        if name not in _TOOLS:
            raise LabError(f"there is no tool {name!r}", f"take some of {', '.join(_TOOLS)}")
    return {name: make(documents) for name, make in _TOOLS.items() if name in names}
