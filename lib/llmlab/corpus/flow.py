"""What flows through a stage: every document that comes in goes out, whole or in parts, or is dropped with a reason."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmlab.artifacts.documents import Document
from llmlab.artifacts.errors import LabError
from llmlab.corpus.outcome import Dropped, Kept


@dataclass
class _Counts:
    documents: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    fragments: Counter[str] = field(default_factory=Counter)
    sources: dict[str, Counter[str]] = field(default_factory=dict)
    dropped_by_source: dict[str, Counter[str]] = field(default_factory=dict)


class Flow:
    """Counts by language of one stage; hand it the documents on their way in and the outcomes on their way out.

    What is dropped goes to `set_aside` at once, since all of it together may not fit into memory.
    """

    def __init__(self, languages: Sequence[str], set_aside: Callable[[Dropped], object]) -> None:
        self._counts = {lang: _Counts() for lang in languages}
        self._set_aside = set_aside

    def enter(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Pass documents on, counted."""
        for document in documents:
            counts = self._counts[document.lang]
            counts.documents.update(i=1, bytes_in=len(document.text.encode()))
            counts.sources.setdefault(document.source, Counter())["i"] += 1
            yield document

    def leave(self, outcomes: Iterable[Kept | Dropped]) -> Iterator[Document]:
        """Pass on the kept documents; the dropped ones are set aside."""
        for outcome in outcomes:
            # The first part stands for the document that came in; every further one is a document more.
            self._counts[outcome.document.lang].documents.update(parts=int(outcome.part > 1))
            counts = self._counts[outcome.document.lang]
            if isinstance(outcome, Kept):
                counts.documents.update(o=1, bytes_out=len(outcome.document.text.encode()))
                counts.sources.setdefault(outcome.document.source, Counter())["o"] += 1
                yield outcome.document
                continue
            self._set_aside(outcome)
            (counts.fragments if outcome.fragment else counts.dropped)[outcome.reason] += 1
            if not outcome.fragment:
                counts.dropped_by_source.setdefault(outcome.document.source, Counter())[outcome.reason] += 1

    def report(self) -> dict[str, dict[str, Any]]:
        """Numbers by language; an assert fails if a document got lost on the way."""
        report = {}
        for lang, counts in self._counts.items():
            came, went = counts.documents["i"], counts.documents["o"]
            parts = counts.documents["parts"]
            lost = f"{lang}: {came} in, {parts} more parts, {went} out, {counts.dropped} dropped"
            assert came + parts == went + counts.dropped.total(), lost
            report[lang] = {
                "documents_in": came,
                "documents_out": went,
                "bytes_in": counts.documents["bytes_in"],
                "bytes_out": counts.documents["bytes_out"],
                "dropped": dict(sorted(counts.dropped.items())),
                "fragments_dropped": dict(sorted(counts.fragments.items())),
                "by_source": {name: _source_report(counts, name) for name in sorted(counts.sources)},
                # Where nothing was taken apart there is nothing to say.
                **({"further_parts": parts} if parts else {}),
            }
        return report


def _source_report(counts: _Counts, name: str) -> dict[str, Any]:
    dropped = counts.dropped_by_source.get(name, Counter())
    came, went = counts.sources[name]["i"], counts.sources[name]["o"]
    return {"documents_in": came, "documents_out": went, "dropped": dict(sorted(dropped.items()))}


def refuse_empty(counts: dict[str, int], stage: str, remedy: str) -> None:
    """Refuse to go on with a language that has nothing left.

    Raises:
        LabError: names the first such language.
    """
    for lang, count in counts.items():
        if count == 0:
            raise LabError(f"no document of language `{lang}` is left after {stage}", remedy)
