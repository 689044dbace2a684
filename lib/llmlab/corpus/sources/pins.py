"""What a search, a listing or a crawl came to, pinned in a file in git: the next run fetches the same.

The file is written when nothing is missing, and only then. Until then what was found stays in a journal in the cache,
from where an interrupted run goes on.
"""

import json
import re
from pathlib import Path
from typing import Any

from llmlab.artifacts.atomic import write_json
from llmlab.artifacts.errors import LabError
from llmlab.artifacts.manifest import hash_bytes
from llmlab.corpus.sources.base import ReadContext, Source

Query = dict[str, Any]
Entry = dict[str, Any]


def read_pins(source: Source, context: ReadContext, query: Query) -> list[Entry] | None:
    """The pinned entries, or None when nothing is pinned yet.

    Raises:
        LabError: the file is damaged, or pins the answer to another query.
    """
    path = context.root / pins_path(source)
    if not path.exists():
        return None
    place = pins_path(source).as_posix()
    try:
        pinned = json.loads(path.read_text(encoding="utf-8"))
        found, entries = pinned["query"], [dict(entry) for entry in pinned["entries"]]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise LabError(f"{place} is no lock file ({error!r})", f"restore it with `git checkout {place}`") from error
    if found != query:
        changed = sorted(key for key in {*found, *query} if found.get(key) != query.get(key))
        raise LabError(
            f"{place} pins the answer to another query than source {source.name} asks ({', '.join(changed)} differs)",
            f"delete {place} and run again to search anew, or undo the change of the entry",
        )
    return entries


def write_pins(source: Source, context: ReadContext, query: Query, entries: list[Entry]) -> None:
    """Pin the entries, and forget the journal that led to them; nothing is pinned while something is missing."""
    if context.missing:
        return
    write_json(context.root / pins_path(source), {"query": query, "entries": entries})
    Journal(source, context, query).path.unlink(missing_ok=True)


def pins_path(source: Source) -> Path:
    """Where the pins of a source lie, relative to the project's root."""
    return Path(source.lock or f"data/own/{re.sub(r'[^A-Za-z0-9._-]+', '-', source.name)}.lock.json")


class Journal:
    """What an unfinished search has found so far, one JSON line each, in the cache."""

    def __init__(self, source: Source, context: ReadContext, query: Query) -> None:
        key = hash_bytes(json.dumps([source.name, query], sort_keys=True).encode())[:16]
        self.path = context.cache / "journals" / f"{key}.jsonl"
        self._known = dict(self._lines())

    def _lines(self) -> list[tuple[str, Entry]]:
        if not self.path.exists():
            return []
        lines = []
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                key, facts = json.loads(line)
            except (json.JSONDecodeError, ValueError, TypeError):
                continue  # the last line of a killed writer
            lines.append((str(key), facts))
        return lines

    def find(self, key: str) -> Entry | None:
        """What was written under `key`."""
        return self._known.get(key)

    def add(self, key: str, facts: Entry) -> Entry:
        """Write `facts` under `key` and return them."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            # A newline first: after a torn line the next one must not be glued on.
            file.write(f"\n{json.dumps([key, facts], ensure_ascii=False)}\n")
        self._known[key] = facts
        return facts
