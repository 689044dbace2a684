"""`lab compress` and `lab decompress`: a file made small by a model's probabilities, and back, byte for byte."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmlab.artifacts.errors import LabError
from llmlab.cli.project import BASE, TOKENIZER, stage_of

if TYPE_CHECKING:
    from llmlab.evals.archive import Codec

_ENDING = ".llmz"
_FILE = Annotated[Path, typer.Argument(help="The file.")]
_MODEL = Annotated[Path, typer.Option(help="Model folder.")]
_WORDS = Annotated[Path, typer.Option(help="Tokenizer folder.")]
_OUT = Annotated[Path | None, typer.Option(help=f"Where to write; by default the name with or without {_ENDING}.")]


def compress(
    file: _FILE,
    model: _MODEL = BASE,
    tokenizer: _WORDS = TOKENIZER,
    lang: Annotated[str, typer.Option(help="Language tag; by default the one that fits the beginning best.")] = "",
    out: _OUT = None,
) -> None:
    """Compress any file with a model: slow, and small where the model knows the text.

    The same model, tokenizer, torch and type of processor must decompress it: all are checked.
    """
    from llmlab.artifacts.atomic import atomic_file  # noqa: PLC0415

    data = _bytes_of(file)
    codec = _codec(model, tokenizer)
    lang = lang or codec.language_of(data, _languages(codec))
    target = _target(file, out or file.with_name(file.name + _ENDING))
    started = time.perf_counter()
    archive = codec.compress(data, lang, _progress())
    with atomic_file(target) as temporary:
        temporary.write_bytes(archive)
    share = f", {8 * len(archive) / len(data):.3f} bits per byte as {lang}" if data else ""
    print(f"{target}: {len(data):,} -> {len(archive):,} bytes{share}, {time.perf_counter() - started:.1f} s")


def decompress(file: _FILE, model: _MODEL = BASE, tokenizer: _WORDS = TOKENIZER, out: _OUT = None) -> None:
    """Write back the file that `lab compress` took, byte for byte, or refuse."""
    from llmlab.artifacts.atomic import atomic_file  # noqa: PLC0415

    archive = _bytes_of(file)
    if out is None and file.suffix != _ENDING:
        raise LabError(f"{file} does not end in {_ENDING}", "say where the original goes with `--out FILE`")
    target = _target(file, out or file.with_suffix(""))
    data = _codec(model, tokenizer).decompress(archive, _progress())
    with atomic_file(target) as temporary:
        temporary.write_bytes(data)
    print(f"{target}: {len(archive):,} -> {len(data):,} bytes")


def _codec(model: Path, tokenizer: Path) -> "Codec":
    """The model as a codec, on one thread: two would add in another order now and then."""
    from llmlab.evals.archive import Codec  # noqa: PLC0415
    from llmlab.model.checkpoint import load_model, weights_hash  # noqa: PLC0415
    from llmlab.runtime.device import set_threads  # noqa: PLC0415
    from llmlab.tokenizer.base import tokenizer_hash  # noqa: PLC0415
    from llmlab.tokenizer.table import load_tokenizer  # noqa: PLC0415

    set_threads(1)
    words = load_tokenizer(tokenizer)
    stage = stage_of(model)
    return Codec(load_model(model, stage, tokenizer_hash(words)), words, weights_hash(model, stage))


def _languages(codec: "Codec") -> list[str]:
    opening, ending = "<|lang:", "|>"
    names = [name for name in codec.tokenizer.special if name.startswith(opening)]
    return [name.removeprefix(opening).removesuffix(ending) for name in names]


def _bytes_of(file: Path) -> bytes:
    if not file.is_file():
        raise LabError(f"{file} is no file", "name one; `ls` shows what is here")
    return file.read_bytes()


def _target(file: Path, target: Path) -> Path:
    if target.exists():
        problem = f"{target} is the file itself" if os.path.samefile(file, target) else f"{target} exists"
        raise LabError(problem, "remove it, or name another place with `--out FILE`")
    return target


def _progress() -> Callable[[int], None]:
    """Say on a terminal, once a second, how many tokens are done."""
    shown = time.monotonic()

    def show(done: int) -> None:
        nonlocal shown
        if sys.stderr.isatty() and time.monotonic() - shown > 1:
            shown = time.monotonic()
            print(f"\r{done:,} tokens", end="", file=sys.stderr, flush=True)

    return show
