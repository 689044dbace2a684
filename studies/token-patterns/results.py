"""From counts to shares with intervals, and to what holds after correction."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from resampling import Floats, benjamini_hochberg, holm, interval, sign_flip

CONTEXTS = ("code", "test", "comment", "string", "documentation")
CONTRASTS = (("test", "code"), ("comment", "code"), ("string", "code"), ("documentation", "comment"))
LEVEL = 0.05
_FEWEST = 4


@dataclass(frozen=True, kw_only=True)
class MeasureConfig:
    """Section `measure` of the study's params.yaml."""

    sample: int
    """Words that each context of a repository is measured on; a context with fewer is left out."""
    draws: int
    """Repositories drawn again this often for an interval."""
    words: int
    """Most frequent words that are tested one by one."""
    english_words: int
    """Size of the vocabulary that stands for English."""


class Measure:
    """Every figure is one number for each repository first, and then a mean of these with an interval."""

    def __init__(self, counts: Mapping[str, Any], config: MeasureConfig, seed: int) -> None:
        self.repositories: dict[str, Any] = counts["smalltalk"]
        self.prose = {lang: {name: Counter(words) for name, words in counts[lang].items()} for lang in counts["prose"]}
        self.config, self.draw = config, np.random.default_rng(seed)
        self.words = {
            name: {context: Counter(each["words"][context]) for context in CONTEXTS}
            for name, each in self.repositories.items()
        }

    def all(self) -> dict[str, Any]:
        """Everything that the pictures and tables show."""
        return {
            "sizes": self.sizes(),
            "richness": self.by_context(self._richness),
            "divergence": self.divergence(),
            "words": {f"{context} against {base}": self.telling(context, base) for context, base in CONTRASTS},
            "names": {kind: self.shares(kind, 8) for kind in ("selectors", "variables", "suffixes")},
            "assertions": self.shares("assertions", 7),
            "english": self.by_context(self._english_share()),
            "chinese": self.latin_in_chinese(),
        }

    def sizes(self) -> dict[str, Any]:
        """Classes, methods and words of each repository."""
        return {
            name: {"classes": each["classes"], "methods": each["methods"]}
            | {context: self.words[name][context].total() for context in CONTEXTS}
            for name, each in self.repositories.items()
        }

    def by_context(self, figure: Callable[[Counter[str]], float]) -> dict[str, Any]:
        """A figure of each context, and every pair of contexts compared within repositories, corrected by Holm."""
        values = {
            context: {name: figure(each[context]) for name, each in self.words.items() if self._enough(each[context])}
            for context in CONTEXTS
        }
        pairs = list(combinations(CONTEXTS, 2))
        found = [self._paired(values[left], values[right]) for left, right in pairs]
        adjusted = holm([each["p"] for each in found])
        return {
            "contexts": {context: self._spread(each) for context, each in values.items()},
            "pairs": [
                {"left": left, "right": right, **each, "p_holm": p, "holds": p < LEVEL}
                for (left, right), each, p in zip(pairs, found, adjusted, strict=True)
            ],
        }

    def _enough(self, words: Counter[str]) -> bool:
        return words.total() >= self.config.sample

    def _spread(self, values: Mapping[str, float]) -> dict[str, Any]:
        mean, low, high = interval(list(values.values()), self.config.draws, self.draw)
        return {"mean": mean, "low": low, "high": high, "repositories": dict(values)}

    def _paired(self, left: Mapping[str, float], right: Mapping[str, float]) -> dict[str, Any]:
        differences = [left[name] - right[name] for name in left if name in right]
        mean, low, high = interval(differences, self.config.draws, self.draw)
        p = sign_flip(differences, self.draw)
        return {"difference": mean, "low": low, "high": high, "p": p, "repositories": len(differences)}

    def _richness(self, words: Counter[str]) -> float:
        return expected_types(words, self.config.sample)

    def divergence(self) -> list[dict[str, Any]]:
        """Jensen-Shannon divergence (bits) of each pair of contexts on samples of equal size, same against same too."""
        rows = []
        for left, right in [*((each, each) for each in CONTEXTS), *combinations(CONTEXTS, 2)]:
            values = {}
            for name, each in self.words.items():
                need = self.config.sample * (2 if left == right else 1)
                if min(each[left].total(), each[right].total()) >= need:
                    values[name] = self._divergence(each[left], each[right], same=left == right)
            if len(values) >= _FEWEST:
                rows.append({"left": left, "right": right, **self._spread(values)})
        return rows

    def _divergence(self, left: Counter[str], right: Counter[str], *, same: bool) -> float:
        index = {word: place for place, word in enumerate(sorted(left.keys() | right.keys()))}
        sample = self.config.sample
        first = self._sample(left, index, sample * (1 + same))
        if same:
            half = self.draw.multivariate_hypergeometric(first, sample)
            return jensen_shannon(half, first - half)
        return jensen_shannon(first, self._sample(right, index, sample))

    def _sample(self, words: Counter[str], index: Mapping[str, int], size: int) -> Any:
        counts = np.zeros(len(index), np.int64)
        for word, number in words.items():
            counts[index[word]] = number
        return self.draw.multivariate_hypergeometric(counts, size, method="marginals")

    def telling(self, context: str, base: str) -> dict[str, Any]:
        """Words that a context has more of (or less of) than another, in most repositories; corrected by BH."""
        names = [name for name, each in self.words.items() if self._enough(each[context]) and self._enough(each[base])]
        pooled: Counter[str] = Counter()
        for name in names:
            pooled.update(self.words[name][context])
            pooled.update(self.words[name][base])
        chosen = sorted((word for word in pooled if len(word) > 1), key=lambda word: (-pooled[word], word))
        rows = []
        for word in chosen[: self.config.words]:
            ratios = [log_ratio(self.words[name][context], self.words[name][base], word) for name in names]
            rows.append({"word": word, "log2": float(np.mean(ratios)), "p": sign_flip(ratios, self.draw)})
        for row, q in zip(rows, benjamini_hochberg([row["p"] for row in rows]), strict=True):
            row["q"] = q
        holds = [row for row in rows if row["q"] < LEVEL]
        candidates = [row for row in rows if row["p"] < LEVEL]
        # Where none holds, those are shown, as such, that would be taken for findings without correction.
        shown = [{**row, "holds": bool(holds)} for row in holds or candidates]
        return {
            "tested": len(rows),
            "hold": len(holds),
            "hold_uncorrected": len(candidates),
            "repositories": len(names),
            "more": sorted((row for row in shown if row["log2"] > 0), key=lambda row: -row["log2"])[:12],
            "less": sorted((row for row in shown if row["log2"] < 0), key=lambda row: row["log2"])[:6],
        }

    def shares(self, kind: str, most: int) -> dict[str, Any]:
        """Share of each shape among the names of a kind, and neighbours in that ranking compared, corrected by Holm."""
        counts = {name: Counter(each["names"][kind]) for name, each in self.repositories.items()}
        counts = {name: each for name, each in counts.items() if each.total() >= 30}
        by_name = {name: {shape: n / each.total() for shape, n in each.items()} for name, each in counts.items()}
        shapes = {shape for each in by_name.values() for shape in each}
        mean = {shape: float(np.mean([each.get(shape, 0) for each in by_name.values()])) for shape in shapes}
        top = sorted(shapes, key=lambda shape: (-mean[shape], shape))[:most]
        values = {shape: {name: each.get(shape, 0.0) for name, each in by_name.items()} for shape in top}
        pairs = list(pairwise(top))
        found = [self._paired(values[left], values[right]) for left, right in pairs]
        adjusted = holm([each["p"] for each in found])
        return {
            "shapes": {shape: self._spread(each) for shape, each in values.items()},
            "pairs": [
                {"left": left, "right": right, "p": each["p"], "p_holm": p, "holds": p < LEVEL}
                for (left, right), each, p in zip(pairs, found, adjusted, strict=True)
            ],
        }

    def _english_share(self) -> Callable[[Counter[str]], float]:
        english = vocabulary(self.prose["english"], self.config.english_words)
        return lambda words: share_in(words, english)

    def latin_in_chinese(self) -> dict[str, Any]:
        """Words in Latin letters of each Chinese source: how many, and the share that is English, and in code."""
        english = vocabulary(self.prose["english"], self.config.english_words)
        code = vocabulary({name: each["code"] for name, each in self.words.items()}, self.config.english_words)
        rows = {}
        for name, words in self.prose["chinese"].items():
            if words.total() >= 100:
                rows[name] = {
                    "words": words.total(),
                    "english": share_in(words, english),
                    "code": share_in(words, code),
                }
        return {"sources": rows, "english_in_code": len(english & code) / len(english)}


def expected_types(words: Counter[str], sample: int) -> float:
    """Different words in a random sample of the words (Hurlbert 1971): 1 - C(N - c, n) / C(N, n), summed."""
    total = words.total()
    return sum(
        number * (1 - _chance_of_none(total, count, sample)) for count, number in Counter(words.values()).items()
    )


def _chance_of_none(total: int, count: int, sample: int) -> float:
    if total - count < sample:
        return 0.0
    log = math.lgamma
    return math.exp(log(total - count + 1) + log(total - sample + 1) - log(total - count - sample + 1) - log(total + 1))


def jensen_shannon(left: Any, right: Any) -> float:
    """Divergence of two distributions given as counts, in bits: 0 the same, 1 nothing in common."""
    p, q = left / left.sum(), right / right.sum()
    middle = (p + q) / 2
    return (_relative(p, middle) + _relative(q, middle)) / 2


def _relative(p: Floats, q: Floats) -> float:
    known = p > 0
    return float((p[known] * np.log2(p[known] / q[known])).sum())


def log_ratio(context: Counter[str], base: Counter[str], word: str) -> float:
    """Binary logarithm of how many times as frequent a word is; half a count is added, so that 0 is no infinity."""
    here = (context[word] + 0.5) / (context.total() + 1)
    there = (base[word] + 0.5) / (base.total() + 1)
    return math.log2(here / there)


def vocabulary(texts: Mapping[str, Counter[str]], size: int) -> set[str]:
    """The words of highest mean frequency over texts, each text counting the same; of three letters or more."""
    rates: Counter[str] = Counter()
    for words in texts.values():
        total = words.total()
        for word, number in words.items():
            if len(word) > 2:
                rates[word] += number / total  # type: ignore[assignment]
    return {word for word, _ in sorted(rates.items(), key=lambda item: (-item[1], item[0]))[:size]}


def share_in(words: Counter[str], known: set[str]) -> float:
    """Share of the occurrences of words of three letters or more that are in a vocabulary."""
    long = {word: number for word, number in words.items() if len(word) > 2}
    return sum(number for word, number in long.items() if word in known) / max(1, sum(long.values()))
