"""The Smalltalk parser on any checkout of Smalltalk sources: accuracy and speed, one line a dialect.

    python bench/smalltalk.py data/bundled/smalltalk
    python bench/smalltalk.py ~/src/some-checkout methods.jsonl --dialect squeak --examples

Prints for each dialect: methods, share accepted, mutations and share refused, harmless edits and share accepted, texts
on which the checker and the parser disagree (must be 0), MB/s of the check and of the parser alone on one core.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from llmlab.smalltalk.accuracy import Accuracy, measure_accuracy
from llmlab.smalltalk.dialects import dialect_named
from llmlab.smalltalk.tonel import TonelError, is_tonel, read_class

_COLUMNS = ("dialect", "methods", "accepted", "broken", "refused", "harmless", "kept", "differ", "check", "parser MB/s")


def methods_of(path: Path, dialect: str) -> Iterator[tuple[str, str]]:
    """Dialect and source of every method in a file.

    The one place where file formats are told apart: JSON lines name the dialect of each method themselves, files
    of any other kind take `dialect`.
    """
    if path.suffix == ".jsonl":
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            yield entry["dialect"], entry["source"]
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    if not is_tonel(text):
        return
    try:
        record, broken = read_class(text)
    except TonelError:
        return
    # What does not parse counts as well: a reader that drops it would make every parser look perfect.
    for each in (*record.methods, *broken):
        yield dialect, each.source


def line(found: Accuracy) -> str:
    """One row of the table."""

    def share(part: int, whole: int) -> str:
        return f"{100 * part / whole:.3f}%" if whole else "-"

    cells = (
        *(found.dialect, str(found.methods), share(found.accepted, found.methods)),
        *(str(found.broken), share(found.refused, found.broken)),
        *(str(found.harmless), share(found.kept, found.harmless)),
        *(str(found.disagreements), f"{found.check_speed:.2f}", f"{found.parser_speed:.2f}"),
    )
    return "  ".join(cell.rjust(len(head) + 2) for cell, head in zip(cells, _COLUMNS, strict=True))


def main(
    paths: Annotated[list[Path], typer.Argument(help="files or folders")],
    dialect: Annotated[str, typer.Option(help="dialect of the files that do not name theirs")] = "pharo",
    mutated: Annotated[int, typer.Option(help="methods to break and to edit")] = 2000,
    seed: Annotated[int, typer.Option(help="of the mutations")] = 1,
    examples: Annotated[bool, typer.Option("--examples", help="show what went wrong")] = False,
) -> None:
    files = [each for path in paths for each in (sorted(path.rglob("*.*")) if path.is_dir() else [path])]
    sources: dict[str, list[str]] = defaultdict(list)
    for file in files:
        if file.is_file() and file.suffix in (".st", ".jsonl"):
            for name, source in methods_of(file, dialect):
                sources[name].append(source)
    print("  ".join(head.rjust(len(head) + 2) for head in _COLUMNS))
    for name, found in sources.items():
        result = measure_accuracy(found, dialect_named(name), seed=seed, mutated=mutated)
        print(line(result), flush=True)
        for problem, text in result.wrong if examples else ():
            print(f"    {problem}\n        {text!r}")


if __name__ == "__main__":
    typer.run(main)
