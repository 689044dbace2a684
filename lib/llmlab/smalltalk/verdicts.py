"""Methods as JSON lines in, verdicts as JSON lines out; many processes for much text.

A line `{"id": 7, "dialect": "gnu", "source": "foo ^ 1 +"}` becomes
`{"id": 7, "valid": false, "error": "line 1: expected an operand, found the end of the text"}`;
error is null when valid.
"""

import json
import multiprocessing
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from llmlab.smalltalk.checker import syntax_fault
from llmlab.smalltalk.dialects import dialect_named

# Below this many bytes a second process takes longer to start than it saves.
SEVERAL_PROCESSES = 4_000_000
_BATCH = 1000

NumberedLine = tuple[int, bytes]


class BadLineError(ValueError):
    """A line that is no method: the message says which, and why."""


def verdicts(path: Path, workers: int) -> Iterator[str]:
    """The verdict of every method in `path`, in order; raises BadLineError, and OSError for a file it cannot read."""
    with path.open("rb") as file:
        lines = enumerate(file, start=1)
        batches = iter(lambda: list(islice(lines, _BATCH)), [])
        if workers < 2 or path.stat().st_size < SEVERAL_PROCESSES:
            for batch in batches:
                yield from batch_verdicts(batch)
            return
        # Spawned, not forked: a fork of a program with threads can hang.
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            for found in pool.imap(batch_verdicts, batches):
                yield from found


def batch_verdicts(lines: Iterable[NumberedLine]) -> list[str]:
    """The verdicts of some numbered lines; blank lines have none. Raises BadLineError."""
    return [verdict(line, number) for number, line in lines if line.strip()]


def verdict(line: bytes, number: int) -> str:
    """The verdict of one line; raises BadLineError."""
    entry = _entry(line, number)
    try:
        dialect = dialect_named(entry["dialect"])
    except ValueError as error:
        raise BadLineError(f"line {number}: {error}") from None
    fault = syntax_fault(entry["source"], dialect)
    return json.dumps({"id": entry["id"], "valid": fault is None, "error": None if fault is None else str(fault)})


def _entry(line: bytes, number: int) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadLineError(f"line {number} is not JSON: {error}") from None
    if not isinstance(entry, dict):
        raise BadLineError(f"line {number} is {json.dumps(entry)[:40]}, not an object with id, dialect and source")
    missing = [key for key in ("id", "dialect", "source") if key not in entry]
    if missing:
        raise BadLineError(f"line {number} has no {' and no '.join(missing)}")
    wrong = [key for key in ("dialect", "source") if not isinstance(entry[key], str)]
    if wrong:
        raise BadLineError(f"line {number}: {wrong[0]} is {json.dumps(entry[wrong[0]])[:40]}, not a text")
    return entry
