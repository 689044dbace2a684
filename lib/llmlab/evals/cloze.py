"""A message with its selector hidden: which of the likeliest ones belongs there?

The candidates are the commonest selectors of the same shape (unary, binary, so many keywords) in training code, and
the right one; every writer ranks the same list. A text's whole likelihood counts, what follows the gap too.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmlab.evals.completion import Prompt, spread
from llmlab.evals.likelihood import Scorer
from llmlab.evals.names_and_sends import share
from llmlab.evals.world import Counts, World, shape_of
from llmlab.instruct.gaps import selector_tokens
from llmlab.smalltalk.lexer import tokenize
from llmlab.smalltalk.parser import parse_method
from llmlab.smalltalk.printer import selector_parts
from llmlab.smalltalk.receivers import Sent


@dataclass(frozen=True)
class Cloze:
    """A method with one message open: `pieces` of text around the parts of the selector."""

    pieces: tuple[str, ...]
    selector: str
    sort: str
    candidates: tuple[str, ...]

    def filled(self, selector: str) -> str:
        """The text with a selector in the gap."""
        parts = [*selector_parts(selector), ""]
        return "".join(piece + part for piece, part in zip(self.pieces, parts, strict=True))


def make_clozes(prompts: Sequence[Prompt], world: World, count: int, candidates: int) -> list[Cloze]:
    """One gap in each of `count` held-out methods, evenly over the set: the middle one of its messages.

    Only selectors that training code sends too are asked for; a shape with a single selector is no question.
    """
    found = []
    for prompt in prompts:
        tree = parse_method(prompt.method, prompt.dialect)
        asked = [sent for sent in world.sent(tree, prompt.owner, prompt.side) if _is_question(sent, world.counts)]
        if asked:
            found.append(_cloze(prompt, asked[len(asked) // 2], world.counts, candidates))
    return spread(found, count)


def measure_clozes(clozes: Sequence[Cloze], scorer: Scorer) -> dict[str, Any]:
    """Share of gaps whose right selector ranks first, and among the first five."""
    ranked = []
    for cloze in clozes:
        scores = scorer([cloze.filled(selector) for selector in cloze.candidates])
        ranked.append(dict(zip(cloze.candidates, scores, strict=True)))
    return _shares(ranked, clozes)


def commonest(clozes: Sequence[Cloze], counts: Counts) -> dict[str, Any]:
    """The cheap baseline: the commonest selector of that shape and sort of receiver, then of that shape."""
    ranked = []
    for cloze in clozes:
        shape = shape_of(cloze.selector)
        near, far = counts.get((shape, cloze.sort), Counter()), counts[shape, None]
        ranked.append({selector: near[selector] + far[selector] / (1 + far.total()) for selector in cloze.candidates})
    return _shares(ranked, clozes)


def chance(clozes: Sequence[Cloze]) -> dict[str, Any]:
    """What drawing a candidate scores."""
    return {
        "top_1": share(sum(1 / len(cloze.candidates) for cloze in clozes), len(clozes)),
        "top_5": share(sum(min(1.0, 5 / len(cloze.candidates)) for cloze in clozes), len(clozes)),
    }


def _shares(ranked: Sequence[Mapping[str, float]], clozes: Sequence[Cloze]) -> dict[str, Any]:
    """A tie counts as the mean of the places it covers."""
    firsts, fives = 0.0, 0.0
    for scores, cloze in zip(ranked, clozes, strict=True):
        right = scores[cloze.selector]
        better = sum(score > right for score in scores.values())
        equal = sum(score == right for score in scores.values())
        firsts += max(0.0, min(1.0, (1 - better) / equal))
        fives += max(0.0, min(1.0, (5 - better) / equal))
    return {"top_1": share(firsts, len(clozes)), "top_5": share(fives, len(clozes))}


def _is_question(sent: Sent, counts: Counts) -> bool:
    known = counts.get((shape_of(sent.selector), None), Counter())
    return known[sent.selector] > 0 and len(known) > 1


def _cloze(prompt: Prompt, sent: Sent, counts: Counts, candidates: int) -> Cloze:
    source = prompt.method
    places = selector_tokens(sent.node, tokenize(source, dialect=prompt.dialect))
    # The prompt's text ends with the signature and its bracket; what follows is the body.
    body = len(prompt.signature) + 1
    starts = [body, *(each.end for each in places)]
    stops = [*(each.start for each in places), len(source)]
    pieces = [source[start:stop] for start, stop in zip(starts, stops, strict=True)]
    pieces[0] = f"{prompt.text}\n{pieces[0]}"
    pieces[-1] += "\n]"
    common = [selector for selector, _ in counts[shape_of(sent.selector), None].most_common(candidates)]
    chosen = common if sent.selector in common else [*common[: candidates - 1], sent.selector]
    return Cloze(tuple(pieces), sent.selector, sent.sort, tuple(chosen))
