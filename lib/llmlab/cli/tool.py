"""`lab tool`: a tool run by hand, with the limits and the words that a model meets."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.decoding import Documents

if TYPE_CHECKING:
    from llmlab.cli.writer import Writer


def tool(
    name: Annotated[str, typer.Argument(help="calc, search, python or smalltalk.")],
    argument: Annotated[str, typer.Argument(help="What the tool is asked.")],
    *,
    documents: Documents = None,
) -> None:
    """Run a tool as a model would have it run, and print what the model would read."""
    from llmlab.cli.writer import shown  # noqa: PLC0415
    from llmlab.tools.base import answer_call  # noqa: PLC0415
    from llmlab.tools.table import make_tools  # noqa: PLC0415

    print(shown(answer_call(make_tools([name], _passages([name], documents)), name, argument)))


def with_tools(writer: "Writer", wanted: str, documents: Path | None) -> "Writer":
    """A writer whose answers may call these tools; each call is shown on stderr.

    Raises:
        LabError: there is no such tool, nothing to search, no tag for it in the tokenizer, or ids are guessed ahead.
    """
    from llmlab.cli.writer import shown  # noqa: PLC0415
    from llmlab.decode.calls import Calling  # noqa: PLC0415
    from llmlab.tokenizer.special import call_tokens  # noqa: PLC0415
    from llmlab.tools.base import LIMITS, answer_call  # noqa: PLC0415
    from llmlab.tools.table import TOOL_NAMES, make_tools  # noqa: PLC0415

    if writer.decoding.guesses:
        raise LabError("--draft and --lookup do not know of tools", "leave them out, or leave out --tools")
    special = writer.tokenizer.special
    spelt = [name for name in TOOL_NAMES if set(call_tokens(name)) <= special.keys()]
    names = wanted.split(",")
    if wanted == "all":
        names = [name for name in spelt if name != "search" or documents is not None]
    tools = make_tools(names, _passages(names, documents))
    for name in tools:
        if name not in spelt:
            raise LabError(
                f"the tokenizer of this model has no tags for the tool {name}",
                "set `tokenizer.tools: true` in params.yaml and run `dvc repro sft`",
            )

    def run(_: int, name: str, argument: str) -> str:
        result = answer_call(tools, name, argument)
        typer.secho(f"[{name}: {shown(argument)} -> {shown(result)}]", dim=True, err=True)
        return result

    # A tool that was taught and is not at hand can be called too: that there is none is said, and read.
    return replace(writer, calling=Calling(tokenizer=writer.tokenizer, names=spelt, run=run, steps=LIMITS.steps))


def _passages(names: list[str], documents: Path | None) -> list[str]:
    """What there is to search, when it is to be searched."""
    from llmlab.tools.search import passages_in  # noqa: PLC0415

    if "search" not in names:
        return []
    if documents is None:
        raise LabError("the tool search has nothing to look through", "name a folder: `--documents docs`")
    return passages_in(documents)
