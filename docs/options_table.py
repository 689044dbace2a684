"""A table of the options that change how text is generated, from `cli/decoding.py`, for `docs/GENERATION.md`."""

import inspect
import typing
from collections.abc import Callable

from typer.models import OptionInfo

from llmlab.cli import decoding
from llmlab.cli.sample import sample


def options(command: Callable[..., None] = sample) -> str:
    """The options that `lab sample` and `lab chat` share from that file, with their defaults."""
    lines = ["| option | default | meaning |", "| --- | --- | --- |"]
    hints = typing.get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        if parameter.annotation is not inspect.Parameter.empty and _is_shared(hints[name]):
            default = "" if parameter.default in (None, False) else parameter.default
            lines.append(f"| `{_flag(name, hints[name])}` | {default} | {_info(hints[name]).help} |")
    return "\n".join(lines)


def _is_shared(hint: object) -> bool:
    return any(hint == value for value in vars(decoding).values() if typing.get_origin(value) is typing.Annotated)


def _info(hint: object) -> OptionInfo:
    return next(part for part in typing.get_args(hint) if isinstance(part, OptionInfo))


def _flag(name: str, hint: object) -> str:
    """The first given name of an option; inside `Annotated` typer holds it as the default until it runs."""
    info = _info(hint)
    given = [text for text in (info.default, *(info.param_decls or ())) if str(text).startswith("--")]
    return next(iter(given), f"--{name}")
