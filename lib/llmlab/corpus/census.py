"""Counts of a corpus, as plain dictionaries for the metrics files."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llmlab.artifacts.documents import Document
from llmlab.corpus.outcome import Dropped, Kept
from llmlab.corpus.units import Unit, split_units, unit_of


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
    """Share of different n-grams among all n-grams of the texts (distinct-n, Li et al. 2016); 0 when there are none."""
    seen: set[tuple[str, ...]] = set()
    total = 0
    for text in texts:
        units = split_units(text, unit)
        for start in range(len(units) - n + 1):
            seen.add(tuple(units[start : start + n]))
            total += 1
    return len(seen) / total if total else 0.0


def count_sets(sets: Mapping[str, Sequence[Document]], languages: Sequence[str]) -> dict[str, Any]:
    """By language and set: documents, groups, bytes, and distinct 2- and 3-grams, which show how varied a text is."""
    counts: dict[str, Any] = {}
    for lang in languages:
        counts[lang] = {}
        for name, documents in sets.items():
            own = [document for document in documents if document.lang == lang]
            texts = [document.text for document in own]
            unit = unit_of("\n".join(texts[:100]), lang, own[0].kind) if own else "word"
            counts[lang][name] = {
                "documents": len(own),
                "groups": len({document.group for document in own}),
                "bytes": sum(len(text.encode()) for text in texts),
                "distinct_2": round(distinct_ngrams(texts, 2, unit), 4),
                "distinct_3": round(distinct_ngrams(texts, 3, unit), 4),
            }
    return counts
