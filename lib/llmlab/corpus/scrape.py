"""Every source of one language, one after the other, with counts of what came and what was left out."""

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from llmlab.artifacts.documents import COLUMNS, Document, read_rows, write_rows
from llmlab.artifacts.errors import LabError
from llmlab.corpus.catalog import resolve_source
from llmlab.corpus.exact import id_number
from llmlab.corpus.limits import FetchLimits
from llmlab.corpus.pace import Pace
from llmlab.corpus.sources.base import ReadContext, Source
from llmlab.corpus.sources.table import READERS
from llmlab.corpus.work_folder import work_folder


@dataclass(frozen=True, kw_only=True)
class ScrapeConfig:
    """What to read for one language."""

    sources: list[str | dict[str, Any]]
    """Names of the catalogue (catalog.yaml), or inline mappings with the keys of `Source`."""
    max_documents: Annotated[int, Field(gt=0)] | None = None
    """Most documents of each source, those of smallest id, so that a larger sample holds the smaller; null: all."""
    allow_partial: bool = False
    """Go on without a source, or a part of one, that fails; the metrics then say what is missing. False: the stage
    fails, so that no run is quietly smaller than another."""
    limits: FetchLimits = field(default_factory=FetchLimits)
    """What a download may cost."""


def scrape(
    lang: str,
    config: ScrapeConfig,
    cache: Path,
    *,
    root: Path = Path(),
    counts: dict[str, dict[str, Any]] | None = None,
) -> Iterator[Document]:
    """Yield the documents of all sources, in the order of the config.

    `counts`, when given, is filled as the iterator is used up: source -> {documents, characters, bytes, skipped:
    {reason: number}, missing: {part: problem}}. Relative paths start at `root`.

    Raises:
        LabError: an unknown source, one of another language, two of one name, or whatever its reader finds wrong.
    """
    sources = [resolve_source(entry) for entry in config.sources]
    _refuse_strangers(lang, sources)
    pace = Pace(config.limits.host_pause_seconds)
    for source in sources:
        context = ReadContext(
            lang=lang, cache=cache, root=root, limits=config.limits, pace=pace, allow_partial=config.allow_partial
        )
        seen: Counter[str] = Counter()
        with context.part(source.name):
            documents = READERS[source.kind].read(source, context)
            for document in _sample(documents, config.max_documents, context.skipped):
                seen["documents"] += 1
                seen["characters"] += len(document.text)
                seen["bytes"] += len(document.text.encode())
                yield document
        if counts is not None:
            sizes = {key: seen[key] for key in ("documents", "characters", "bytes")}
            left_out = {
                "skipped": dict(sorted(context.skipped.items())),
                "missing": dict(sorted(context.missing.items())),
            }
            counts[source.name] = {**sizes, **left_out}


def _refuse_strangers(lang: str, sources: list[Source]) -> None:
    for source in sources:
        if source.lang and source.lang != lang:
            raise LabError(
                f"source {source.name} is {source.lang}, but stands under scrape.{lang}",
                f"move it to scrape.{source.lang}.sources in params.yaml",
            )
    twice = [name for name, times in Counter(source.name for source in sources).items() if times > 1]
    if twice:
        raise LabError(
            f"scrape.{lang}.sources names {twice[0]} twice", "delete one, or give an inline source its own `name`"
        )


def _sample(documents: Iterator[Document], limit: int | None, skipped: Counter[str]) -> Iterator[Document]:
    if limit is None:
        yield from documents
        return
    with work_folder("scrape") as work:
        path = work / "candidates.parquet"
        chosen = _Smallest(limit)
        candidates = ((place, each) for place, each in enumerate(documents) if chosen.takes(id_number(each.id), place))
        rows = ({"place": str(place), **vars(each)} for place, each in candidates)
        write_rows(path, ["place", *COLUMNS], rows)
        places = chosen.places()
        if chosen.seen > len(places):
            skipped["over max_documents"] += chosen.seen - len(places)
        for row in read_rows(path, "scrape"):
            if int(row.pop("place")) in places:
                yield Document(**row)


class _Smallest:
    """The places of the `limit` smallest numbers of a stream, the earlier of equal ones; no text is held."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # Python's heap gives the smallest first, and here the largest is the one to go.
        self._heap: list[tuple[int, int]] = []
        self.seen = 0

    def takes(self, number: int, place: int) -> bool:
        """Whether it is, so far, one of them."""
        self.seen += 1
        entry = (-number, -place)
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, entry)
            return True
        return heapq.heappushpop(self._heap, entry) != entry

    def places(self) -> set[int]:
        """Where they stood."""
        return {-place for _, place in self._heap}
