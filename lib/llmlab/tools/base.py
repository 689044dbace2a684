"""What a tool is, and what becomes of a call: always a text, never an exception, and never a long one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

from pydantic import Field

ToolName = Literal["calc", "search", "python", "smalltalk"]
Count = Annotated[int, Field(gt=0)]
# How the result of a call that came to nothing begins: models are taught to say so, not to make something up.
FAILED = "error: "


class ToolError(ValueError):
    """Why a tool gives no result, in words that a model can read."""


class Tool(Protocol):
    """Text in, text out. The argument was written by a model, and is hostile until shown otherwise."""

    @property
    def name(self) -> ToolName:
        """Its name, which its tags are made of."""
        ...

    def run(self, argument: str) -> str:
        """The result.

        Raises:
            ToolError: there is none; whatever the argument is, nothing else is raised for it.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class CallLimits:
    """What one answer may ask for."""

    steps: Count = 4
    """Calls of one answer; after so many the tags that open a call can no longer be written."""
    argument: Count = 500
    """Characters of an argument; a longer one is not run."""
    result: Count = 500
    """Characters of a result; of a longer one the beginning is handed over, and how much is missing."""


LIMITS = CallLimits()


def answer_call(tools: Mapping[str, Tool], name: str, argument: str, limits: CallLimits = LIMITS) -> str:
    """What the model is told: the result, or `error: …` when there is none."""
    if name not in tools:
        return f"{FAILED}there is no tool {name}"
    if len(argument) > limits.argument:
        return f"{FAILED}{len(argument)} characters are too many, {limits.argument} at most"
    try:
        result = tools[name].run(argument)
    except ToolError as error:
        result = f"{FAILED}{error}"
    return shortened(result, limits.result)


def shortened(text: str, most: int) -> str:
    """A text of at most `most` characters and a note on what was cut off."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} more characters)"
