"""Counts of a corpus, as plain dictionaries for the metrics files."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, islice
from typing import Any

from llmlab.artifacts.documents import Document
from llmlab.corpus.distinct import DistinctCounter
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.corpus.units import Unit, ngrams, split_units, unit_of

_FIRST = 100


def count_documents(documents: Iterable[Document]) -> dict[str, Any]:
    """Documents, groups, characters and bytes: in all, and by language, kind, source and licence (names sorted)."""
    total: Counter[str] = Counter()
    tables: dict[str, dict[str, Counter[str]]] = {"lang": {}, "kind": {}, "source": {}, "license": {}}
    groups: set[tuple[str, str]] = set()
    for document in documents:
        sizes = {"documents": 1, "characters": len(document.text), "bytes": len(document.text.encode())}
        total.update(sizes)
        groups.add((document.lang, document.group))
        for key, table in tables.items():
            table.setdefault(getattr(document, key), Counter()).update(sizes)
    sums = {key: total[key] for key in ("documents", "characters", "bytes")}
    by = {f"by_{key}": {name: dict(table[name]) for name in sorted(table)} for key, table in tables.items()}
    return {**sums, "groups": len(groups), **by}


def count_outcomes(outcomes: Iterable[Kept | Dropped]) -> dict[str, Any]:
    """What a stage did: `in` = `kept` + `dropped`; the dropped by reason, and by source and reason.

    Of a document that became several, `in` counts the first part, `kept` and `dropped` all. Fragments (parts of
    documents) are counted apart and by reason.
    """
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    fragments: Counter[str] = Counter()
    sources: dict[str, Counter[str]] = {}
    further = 0
    for outcome in outcomes:
        further += outcome.part > 1
        if isinstance(outcome, Kept):
            counts["kept"] += 1
        elif outcome.fragment:
            fragments[outcome.reason] += 1
        else:
            counts["dropped"] += 1
            reasons[outcome.reason] += 1
            sources.setdefault(outcome.document.source, Counter())[outcome.reason] += 1
    return {
        "in": counts.total() - further,
        "kept": counts["kept"],
        "dropped": counts["dropped"],
        "reasons": dict(sorted(reasons.items())),
        "fragments": dict(sorted(fragments.items())),
        "by_source": {name: dict(sorted(sources[name].items())) for name in sorted(sources)},
    }


def distinct_ngrams(texts: Iterable[str], n: int, unit: Unit) -> float:
    """Share of different n-grams among all n-grams of the texts (distinct-n, Li et al. 2016); 0 when there are none.

    Of more than a million different ones the number is an estimate (distinct.py).
    """
    share = _Share(n)
    for text in texts:
        share.read(split_units(text, unit))
    return share.value()


class _Share:
    """The share of different n-grams of the texts read so far."""

    def __init__(self, n: int) -> None:
        self._n, self._total, self._different = n, 0, DistinctCounter()

    def read(self, units: Sequence[str]) -> None:
        for ngram in ngrams(units, self._n):
            self._different.add("\x1f".join(ngram))
            self._total += 1

    def value(self) -> float:
        return self._different.count() / self._total if self._total else 0.0


def count_set(documents: Iterable[Document], languages: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By language: documents, groups, bytes, and distinct 2- and 3-grams, which show how varied a text is.

    One pass; a language's documents stand together, and its first hundred say what its units are.
    """
    counts = {lang: _count_language(iter(())) for lang in languages}
    for lang, same in groupby(documents, key=lambda document: document.lang):
        if lang in counts:
            counts[lang] = _count_language(same)
    return counts


def _count_language(documents: Iterator[Document]) -> dict[str, Any]:
    first = list(islice(documents, _FIRST))
    texts = "\n".join(document.text for document in first)
    unit = unit_of(texts, first[0].lang, first[0].kind) if first else "word"
    sizes: Counter[str] = Counter()
    groups: set[str] = set()
    shares = {f"distinct_{n}": _Share(n) for n in (2, 3)}
    for document in chain(first, documents):
        sizes.update(documents=1, bytes=len(document.text.encode()))
        groups.add(document.group)
        units = split_units(document.text, unit)
        for share in shares.values():
            share.read(units)
    distinct = {name: round(share.value(), 4) for name, share in shares.items()}
    return {"documents": sizes["documents"], "groups": len(groups), "bytes": sizes["bytes"], **distinct}
