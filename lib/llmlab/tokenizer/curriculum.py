"""How a domain's vocabulary is learned: more tokens than are wanted, in three ways; then the useful ones are kept.

1. Merges inside of segments, as in kind `bpe`.
2. Frequent segments of the contexts in `Domain.whole`, such as keyword messages, though no merge may have led to them.
3. Merges across the segments of a run (SuperBPE, Liu et al. 2025, arXiv 2503.13423).
4. All is spelt in the fewest of these tokens, and those go that are of least use (`selection`).
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer.base import TokenizerConfig, refuse_surrogates
from llmlab.tokenizer.bpe import BYTE_ORDER, RANK_OF_BYTE, extend, joiner, refuse_too_few
from llmlab.tokenizer.domain import FEWEST, Domain, DomainTokenizer, Segment, to_bytes
from llmlab.tokenizer.ranks import RankModel
from llmlab.tokenizer.selection import keep_useful, shared
from llmlab.tokenizer.special import special_tokens

# How many tokens are learned for each that is kept, beyond the bytes.
SURPLUS = 3.0
# Into so many blocks the texts are put, in their order. Texts of one source stand together, so that blocks are about
# projects, if there are many.
BLOCKS = 32
# A piece that a single block has counts this often at most when merges are learned.
_LONELY = 3


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What a block of the texts consists of, and how often."""

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
    """Learn a vocabulary of `config.vocab_size`; of what it is chosen from, `config.superwords` go across segments.

    Raises:
        LabError: no text at all, or too little for the vocabulary asked for.
    """
    blocks = [count(domain, block) for block in into_blocks(texts)]
    special = tuple(special_tokens(languages, config.tools))
    wanted = config.vocab_size - len(special)
    tokens = learn_candidates(domain, blocks, wanted, config)
    refuse_too_few(len(tokens), wanted, config.max_piece_length)
    spelt = shared([block.spelt for block in blocks], _LONELY)
    kept = keep_useful(tokens, [spelt_anew(block) for block in blocks], spelt, wanted)
    model = RankModel(split=domain.kind, tokens=tuple(kept), special=special, spelling=FEWEST)
    return DomainTokenizer(domain, model.to_bytes())


def into_blocks(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts in their order, in at most `BLOCKS` parts of about equal length.

    Raises:
        LabError: no text at all, or a lone surrogate in it.
    """
    found = [text for text in texts if text]
    if not found:
        raise LabError(
            "there is no text to train a tokenizer on",
            "look at metrics/clean/ and metrics/split.json for where it went",
        )
    most = sum(map(len, found)) / BLOCKS
    block: list[str] = []
    size = 0
    for text in found:
        refuse_surrogates(text)
        block.append(text)
        size += len(text)
        if size >= most:
            yield block
            block, size = [], 0
    if block:
        yield block


def count(domain: Domain, texts: Iterable[str]) -> Counted:
    """Cut texts and count what comes out."""
    runs: Counter[Segment] = Counter()
    segments: Counter[Segment] = Counter()
    for text in texts:
        written = domain.rewrite(text)
        runs.update(domain.runs(written))
        segments.update(domain.segments(written))
    contexts = {context for _, context in segments}
    return Counted(
        runs=_of(runs, contexts - domain.spelt),
        pieces=_of(segments, contexts - domain.spelt),
        whole=_of(segments, domain.whole),
        spelt=_of(segments, domain.spelt),
    )


def spelt_anew(block: Counted) -> Counter[bytes]:
    """The runs, and every piece once by itself: elsewhere it stands beside others, and must be spelt there too."""
    return block.runs + Counter(dict.fromkeys(block.pieces, 1))


def _of(found: Counter[Segment], contexts: Collection[str]) -> Counter[bytes]:
    """Counts of the pieces in these contexts."""
    counted: Counter[bytes] = Counter()
    for (piece, context), number in found.items():
        if context in contexts:
            counted[to_bytes(piece)] += number
    return counted


def learn_candidates(domain: Domain, blocks: Sequence[Counted], wanted: int, config: TokenizerConfig) -> list[bytes]:
    """The bytes, and `SURPLUS` times as many other tokens as are wanted if the texts support so many."""
    longest = config.max_piece_length
    more = 256 + round(SURPLUS * max(wanted - 256, 0))
    across = round((more - 256) * config.superwords) if domain.crossing else 0
    tokens = [bytes([byte]) for byte in BYTE_ORDER]
    pieces = shared([block.pieces for block in blocks], _LONELY)
    extend(tokens, [piece.translate(RANK_OF_BYTE) for piece in pieces], list(pieces.values()), more - across, longest)
    add_whole(tokens, shared([block.whole for block in blocks], _LONELY), round(more * domain.whole_share))
    if across:
        runs = shared([block.runs for block in blocks], _LONELY)
        spelt = joiner({token: rank for rank, token in enumerate(tokens)})
        extend(tokens, list(map(spelt, runs)), list(runs.values()), max(more, len(tokens)), longest)
    return list(dict.fromkeys(tokens))


def add_whole(tokens: list[bytes], whole: Counter[bytes], most: int) -> None:
    """Append those of the segments that save most as tokens, `most` of them.

    A segment of n tokens that occurs c times saves c (n - 1).
    """
    spelt = joiner({token: rank for rank, token in enumerate(tokens)})
    savings = {piece: number * (len(spelt(piece)) - 1) for piece, number in whole.items() if number > 1}
    best = sorted(savings.items(), key=lambda item: (-item[1], item[0]))[:most]
    tokens += [piece for piece, saving in best if saving]
