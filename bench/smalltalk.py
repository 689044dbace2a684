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
from llmlab.smalltalk.dialects import DIALECTS, dialect_named
from llmlab.smalltalk.formats.tree import open_tree, read_tree

_COLUMNS = ("dialect", "methods", "accepted", "broken", "refused", "harmless", "kept", "differ", "check", "parser MB/s")


def methods_of(path: Path, dialect: str) -> Iterator[tuple[str, str]]:
    """Dialect and source of every method in a file, archive or folder, whatever its format.

    JSON lines name the dialect of each method, other files show theirs; where they do not, it is `dialect`. What the
    readers call broken counts too: a reader that drops it would make every parser look perfect.
    """
    if path.suffix == ".jsonl":
        for text in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(text)
            yield entry["dialect"], entry["source"]
        return
    with open_tree(path) as tree:
        for found in read_tree(tree):
            if not isinstance(found, tuple):
                continue
            _, reading = found
            name = reading.dialect if reading.dialect in DIALECTS else dialect
            records = (method for record in reading.classes for method in record.methods)
            yield from ((name, each.source) for each in (*records, *reading.broken))


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
    paths: Annotated[list[Path], typer.Argument(help="files, archives or checkouts")],
    dialect: Annotated[str, typer.Option(help="dialect of the files that do not name theirs")] = "pharo",
    most: Annotated[int, typer.Option(help="methods of a dialect; 0: all")] = 0,
    mutated: Annotated[int, typer.Option(help="methods to break and to edit")] = 2000,
    seed: Annotated[int, typer.Option(help="of the mutations")] = 1,
    examples: Annotated[bool, typer.Option("--examples", help="show what went wrong")] = False,
) -> None:
    sources: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        for name, source in methods_of(path, dialect):
            if not most or len(sources[name]) < most:
                sources[name].append(source)
    print("  ".join(head.rjust(len(head) + 2) for head in _COLUMNS))
    for name, found in sources.items():
        result = measure_accuracy(found, dialect_named(name), seed=seed, mutated=mutated)
        print(line(result), flush=True)
        for problem, text in result.wrong if examples else ():
            print(f"    {problem}\n        {text!r}")


if __name__ == "__main__":
    typer.run(main)
