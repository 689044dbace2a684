"""Options that take several values in a row: `--files a.txt b.txt`, as shells expand `*.txt`."""

from collections.abc import Sequence
from typing import Any, ClassVar

from typer.core import TyperCommand


class FilesCommand(TyperCommand):
    """A command whose options `--files` and `--ranks` take values until the next option; arguments come first."""

    takes_several: ClassVar[tuple[str, ...]] = ("--files", "--ranks")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, with `--files a b` read as `--files a --files b`."""
        return super().parse_args(ctx, spread(args, self.takes_several))


def spread(arguments: Sequence[str], options: Sequence[str]) -> list[str]:
    """Arguments with the name of such an option repeated before each of its values."""
    told: list[str] = []
    current = ""
    for place, argument in enumerate(arguments):
        following = arguments[place + 1] if place + 1 < len(arguments) else "--"
        if argument.startswith("-"):
            current = argument if argument in options else ""
            if not current or following.startswith("-"):  # without a value it is left for the parser to refuse
                told.append(argument)
        else:
            told += [current, argument] if current else [argument]
    return told
