"""What the parser says of a method: parsed and never run, so that there is nothing to contain.

The parser takes time in proportion to the text, which `CallLimits.argument` bounds, and refuses what is nested deeply.
"""

from typing import ClassVar

from llmlab.smalltalk.dialects import PHARO, Dialect
from llmlab.smalltalk.outline import outline
from llmlab.tools.base import ToolName


class Smalltalk:
    """See `base.Tool`."""

    name: ClassVar[ToolName] = "smalltalk"

    def __init__(self, dialect: Dialect = PHARO) -> None:
        self._dialect = dialect

    def run(self, argument: str) -> str:
        """`smalltalk.outline.outline` of the argument, whatever it is: a text that is no method has a report too."""
        return outline(argument, self._dialect)
