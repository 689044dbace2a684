"""`lab smalltalk`: what is in Smalltalk files, and what the parser says of methods."""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from llmlab.artifacts.atomic import atomic_file
from llmlab.artifacts.errors import LabError

if TYPE_CHECKING:
    from llmlab.smalltalk.formats.reading import Reading
    from llmlab.smalltalk.formats.tree import Refusal

app = typer.Typer(
    help="What is in Smalltalk files, and what the parser says of methods.",
    epilog="Example: lab smalltalk extract ~/src/Cuis-Smalltalk-Dev --out cuis.jsonl",
)


@app.callback(invoke_without_command=True)
def group(context: typer.Context) -> None:
    """What is in Smalltalk files, and what the parser says of methods."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command(epilog="Example: lab smalltalk extract ~/src/Cuis-Smalltalk-Dev --out cuis.jsonl --refused refused.tsv")
def extract(
    path: Annotated[Path, typer.Argument(help="A source file, an archive (.mcz, .zip, .tar.gz), or a checkout.")],
    out: Annotated[Path | None, typer.Option(help="Where the records go; to the terminal otherwise.")] = None,
    refused: Annotated[
        Path | None, typer.Option(help="Where to list what gave no record: path, reason, detail, with tabs between.")
    ] = None,
    repo: Annotated[str, typer.Option(help="What the records call the repository.")] = "",
    licence: Annotated[str, typer.Option("--license", help="What the records call the licence.")] = "",
    max_bytes: Annotated[int, typer.Option(min=1, help="Larger files are refused.")] = 64 << 20,
) -> None:
    """Write the records of every Smalltalk file below a path as JSON lines: one a method, with all about its class.

    Formats are recognised by content: Tonel, FileTree, chunk files of every system, GNU class bodies, VisualWorks XML,
    Monticello packages, topaz. What is none of them is refused with a reason; counts go to stderr.
    """
    from llmlab.smalltalk.formats.reading import RefusedError  # noqa: PLC0415
    from llmlab.smalltalk.formats.tree import open_tree, read_tree  # noqa: PLC0415

    if not path.exists():
        raise LabError(f"{path} does not exist", "name a file, an archive or a folder; `ls` shows what is here")
    progress = _Progress()
    try:
        with ExitStack() as stack:
            target = stack.enter_context(_text_file(out)) if out else sys.stdout
            reasons = stack.enter_context(_text_file(refused)) if refused else None
            tree = stack.enter_context(open_tree(path))
            for line, reason in progress.watch(read_tree(tree, max_bytes), repo, licence):
                if line:
                    target.write(line + "\n")
                elif reasons is not None:
                    reasons.write(reason + "\n")
    except RefusedError as error:
        raise LabError(f"{path} cannot be read: {error}", "unpack it yourself and name the folder") from error
    progress.tell()


@app.command(epilog="Example: lab smalltalk check methods.jsonl --out verdicts.jsonl")
def check(
    file: Annotated[Path, typer.Argument(help="JSON lines with id, dialect and source: one whole method each.")],
    out: Annotated[Path | None, typer.Option(help="Where the verdicts go; to the terminal otherwise.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes for a large file; 0: one for each core.")] = 0,
) -> None:
    """Say of every method whether it is valid in its dialect, and what is wrong with it: id, valid, error.

    Dialects: strict, pharo, squeak, cuis, gnu, dolphin, visualworks, gemstone, amber, st80, and stx, vast beside them.
    """
    from llmlab.smalltalk.verdicts import BadLineError, verdicts  # noqa: PLC0415

    try:
        found = verdicts(file, workers or os.cpu_count() or 1)
        if out is None:
            _write(found, sys.stdout)
            return
        with _text_file(out) as target:
            _write(found, target)
    except BadLineError as error:
        remedy = 'write one object a line: {"id": 1, "dialect": "pharo", "source": "foo ^ 1"}'
        raise LabError(f"{file}, {error}", remedy) from error


@contextmanager
def _text_file(path: Path) -> Iterator[TextIO]:
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        yield file


def _write(lines: Iterable[str], target: TextIO) -> None:
    for line in lines:
        target.write(line + "\n")


class _Progress:
    """Counts of a run, shown on stderr while it goes on and once more at its end."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self._started = self._shown = time.monotonic()

    def watch(
        self, found: "Iterator[tuple[str, Reading] | Refusal]", repo: str, licence: str
    ) -> Iterator[tuple[str, str]]:
        """Lines of records, or (with an empty line) the reasons why there are none."""
        from llmlab.smalltalk.formats.lines import record_lines  # noqa: PLC0415

        for each in found:
            if isinstance(each, tuple):
                path, reading = each
                self._count(reading)
                yield from ((line, "") for line in record_lines(path, reading, repo, licence))
                yield from (("", _row(path, "broken method", one.error)) for one in reading.broken)
            else:
                self.refused[each.reason] += 1
                yield "", _row(each.path, each.reason, each.detail)
            self._show()

    def _count(self, reading: "Reading") -> None:
        self.formats[f"{reading.format} ({reading.dialect})"] += 1
        methods = [method for record in reading.classes for method in record.methods]
        self.counts.update(
            classes=len(reading.classes),
            methods=len(methods),
            bytes=sum(len(method.source.encode("utf-8", "replace")) for method in methods),
        )
        self.left_out.update(reading.skipped)
        if reading.broken:
            self.left_out["broken method"] += len(reading.broken)

    def _show(self) -> None:
        if time.monotonic() - self._shown > 1 and sys.stderr.isatty():
            self._shown = time.monotonic()
            print(f"\r{self._line()}", end="", file=sys.stderr, flush=True)

    def _line(self) -> str:
        files = self.formats.total() + self.refused.total()
        return f"{files:,} files, {self.counts['classes']:,} classes, {self.counts['methods']:,} methods"

    def tell(self) -> None:
        """The whole account."""
        seconds = max(time.monotonic() - self._started, 1e-3)
        megabytes = self.counts["bytes"] / 1e6
        print(
            f"{self._line()}; {megabytes:.2f} MB of methods, {megabytes / seconds:.2f} MB/s",
            file=sys.stderr,
        )
        for title, counts in (("read", self.formats), ("left out", self.left_out), ("refused", self.refused)):
            for name, number in counts.most_common():
                print(f"  {title}: {number:,} {name}", file=sys.stderr)


def _row(*values: str) -> str:
    from llmlab.smalltalk.formats.lines import writable  # noqa: PLC0415

    return writable("\t".join(" ".join(value.split()) for value in values))
