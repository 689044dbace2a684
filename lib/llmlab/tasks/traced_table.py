"""Name to task with tools: adding one is a file of its own and a line here."""

from typing import Literal

from llmlab.tasks.calc_calls import CalcCalls
from llmlab.tasks.chained_calls import ChainedCalls
from llmlab.tasks.no_calls import NoCalls
from llmlab.tasks.python_calls import PythonCalls
from llmlab.tasks.search_calls import SearchCalls
from llmlab.tasks.smalltalk_calls import SmalltalkCalls
from llmlab.tasks.traced import TracedTask

TracedName = Literal["calc-calls", "search-calls", "python-calls", "smalltalk-calls", "chained-calls", "no-calls"]
TRACED: dict[str, TracedTask] = {
    task.name: task for task in (CalcCalls(), SearchCalls(), PythonCalls(), SmalltalkCalls(), ChainedCalls(), NoCalls())
}
