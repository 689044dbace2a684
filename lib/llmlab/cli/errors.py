"""How a command fails: one sentence, the command that mends it, exit code 1, never a traceback."""

import errno
import sys
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from llmlab.artifacts.errors import LabError, disk_full

INTERRUPTED = 130


class LabGroup(TyperGroup):
    """A typer group that prints every error of a person's making as `error: …` with its remedy."""

    def main(self, *arguments: Any, **extra: Any) -> Any:
        """Run the command line and leave with its exit code."""
        extra["standalone_mode"] = False
        try:
            code = super().main(*arguments, **extra)
        except LabError as error:
            code = tell(error)
        except typer.TyperException as error:
            code = tell(
                LabError(error.format_message(), f"read `{_command(error)} --help`, which ends with an example")
            )
        except typer.Abort:
            print("stopped", file=sys.stderr)
            code = INTERRUPTED
        except OSError as error:
            code = tell(_from_system(error))
        sys.exit(code if isinstance(code, int) else 0)


def tell(error: LabError) -> int:
    """Print an error to stderr; returns the exit code."""
    print(f"error: {error}", file=sys.stderr)
    return 1


def _command(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return context.command_path if context is not None else "lab"


def _from_system(error: OSError) -> LabError:
    """The sentence for a file that cannot be read or written; anything else is a bug of ours and stays one."""
    named = error.filename
    full = disk_full(Path(named or "."), error)
    if full is not None:
        return full
    if named is None or error.errno == errno.EPIPE:
        raise error
    return LabError(f"{named}: {error.strerror}", f"look at it with `ls -ld {named}`, then run the command again")
