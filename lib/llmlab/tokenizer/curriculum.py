"""How a domain's vocabulary is learned: within pieces, whole pieces, across pieces, and then what is idle goes.

1. Merges inside of segments, as in kind `bpe`.
2. Frequent segments of the contexts in `Domain.whole`, such as keyword messages, become tokens, though no merge may
   have led to them yet. Steps on the way to them are hidden: ranks without an id of their own.
3. Merges across the segments of a run (SuperBPE, Liu et al. 2025, arXiv 2503.13423).
4. More is learned than asked for, and those tokens are hidden whose loss costs least: mostly steps such as `ifTr` that
   hardly ever stand alone (Scaffold-BPE, Lian et al. 2024, arXiv 2404.17808).
"""

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer.base import TokenizerConfig, refuse_surrogates
from llmlab.tokenizer.bpe import BYTE_ORDER, RANK_OF_BYTE, extend, joiner, merge_by_rank, refuse_too_few
from llmlab.tokenizer.domain import Domain, DomainTokenizer, Segment, to_bytes
from llmlab.tokenizer.ranks import RankModel
from llmlab.tokenizer.special import special_tokens

# How many tokens are learned for each that is kept, beyond the bytes.
SURPLUS = 1.3


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What a corpus consists of, and how often."""

    runs: Counter[bytes]
    """Runs that merges are learned from."""
    pieces: Counter[bytes]
    """Segments that merges are learned from."""
    whole: Counter[bytes]
    """Segments that may become tokens whole."""
    spelt: Counter[bytes]
    """Segments that are spelt in single characters, unless they are tokens."""


def train_domain(
    domain: Domain, texts: Iterable[str], config: TokenizerConfig, languages: Sequence[str]
) -> DomainTokenizer:
    """Learn a vocabulary of `config.vocab_size`, `config.superwords` of its merges across segments.

    Raises:
        LabError: no text at all, or too little for the vocabulary asked for.
    """
    counted = count(domain, texts)
    special = tuple(special_tokens(languages, config.tools))
    wanted = config.vocab_size - len(special)
    longest = config.max_piece_length
    more = wanted + round(max(wanted - 256, 0) * (SURPLUS - 1))
    across = round(max(more - 256, 0) * config.superwords) if domain.crossing else 0
    tokens = [bytes([byte]) for byte in BYTE_ORDER]
    words = [piece.translate(RANK_OF_BYTE) for piece in counted.pieces]
    extend(tokens, words, list(counted.pieces.values()), more - across, longest)
    steps = add_whole(tokens, counted.whole, round(more * domain.whole_share))
    runs = list(map(joiner({token: rank for rank, token in enumerate(tokens)}), counted.runs))
    extend(tokens, runs, list(counted.runs.values()), max(more, len(tokens)) + len(steps), longest)
    refuse_too_few(len(tokens) - len(steps), wanted, longest)
    tokens_spelt = Counter({piece: counted.spelt[piece] for piece in counted.spelt.keys() & set(tokens)})
    hidden = idle(tokens, uses(tokens, counted.runs + tokens_spelt), steps, len(tokens) - wanted)
    model = RankModel(split=domain.kind, tokens=tuple(tokens), special=special, hidden=tuple(sorted(hidden)))
    return DomainTokenizer(domain, model.to_bytes())


def count(domain: Domain, texts: Iterable[str]) -> Counted:
    """Cut texts and count what comes out.

    Raises:
        LabError: no text at all, or a lone surrogate in it.
    """
    runs: Counter[Segment] = Counter()
    segments: Counter[Segment] = Counter()
    for text in texts:
        refuse_surrogates(text)
        written = domain.rewrite(text)
        runs.update(domain.runs(written))
        segments.update(domain.segments(written))
    if not segments:
        raise LabError(
            "there is no text to train a tokenizer on",
            "look at metrics/clean/ and metrics/split.json for where it went",
        )
    contexts = {context for _, context in segments}
    return Counted(
        runs=_of(runs, contexts - domain.spelt),
        pieces=_of(segments, contexts - domain.spelt),
        whole=_of(segments, domain.whole),
        spelt=_of(segments, domain.spelt),
    )


def _of(found: Counter[Segment], contexts: Collection[str]) -> Counter[bytes]:
    """Counts of the pieces in these contexts."""
    counted: Counter[bytes] = Counter()
    for (piece, context), number in found.items():
        if context in contexts:
            counted[to_bytes(piece)] += number
    return counted


def add_whole(tokens: list[bytes], whole: Counter[bytes], most: int) -> set[int]:
    """Append those of the segments that save most as tokens, `most` of them; returns the ranks of mere steps.

    A segment of n tokens that occurs c times saves c (n - 1). A token is reached by joining two at a time, so what its
    beginnings are on the way gets ranks as well.
    """
    ranks = {token: rank for rank, token in enumerate(tokens)}
    spelt = joiner(ranks)
    parts = {piece: spelt(piece) for piece in whole}
    savings = {piece: number * (len(parts[piece]) - 1) for piece, number in whole.items() if number > 1}
    steps: set[int] = set()
    for piece, saving in sorted(savings.items(), key=lambda item: (-item[1], item[0]))[:most]:
        for step in accumulate(tokens[rank] for rank in parts[piece]):
            if saving and step not in ranks:
                ranks[step] = len(tokens)
                tokens.append(step)
                steps.add(ranks[step])
        steps.discard(ranks[piece])
    return steps


def uses(tokens: Sequence[bytes], runs: Counter[bytes]) -> list[int]:
    """How often each token occurs when the runs are encoded."""
    spelt = joiner({token: rank for rank, token in enumerate(tokens)})
    found = [0] * len(tokens)
    for run, number in runs.items():
        for rank in spelt(run):
            found[rank] += number
    return found


def idle(tokens: Sequence[bytes], used: Sequence[int], steps: Iterable[int], number: int) -> set[int]:
    """The steps and then those tokens, `number` in all, whose loss costs the fewest tokens more.

    A use of a token that is hidden becomes uses of its parts, so what is hidden later counts for what was before: costs
    only grow, and one on the heap is true or too small.
    """
    ranks = {token: rank for rank, token in enumerate(tokens)}
    parts = {
        rank: [ranks[part] for part in merge_by_rank(token, ranks, rank)]
        for rank, token in enumerate(tokens)
        if len(token) > 1
    }
    now = list(used)
    hidden: set[int] = set()

    def visible(rank: int) -> list[int]:
        return [rank] if rank not in hidden else [each for part in parts[rank] for each in visible(part)]

    heap = [(-1, rank) for rank in steps] + [(0, rank) for rank in parts if rank not in set(steps)]
    heapq.heapify(heap)
    while len(hidden) < number:
        stated, rank = heapq.heappop(heap)
        left = [each for part in parts[rank] for each in visible(part)]
        cost = now[rank] * (len(left) - 1)
        if stated not in (-1, cost):
            heapq.heappush(heap, (cost, rank))
            continue
        hidden.add(rank)
        for each in left:
            now[each] += now[rank]
    return hidden
