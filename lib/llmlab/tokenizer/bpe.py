"""Byte-level byte-pair encoding, from scratch: how a vocabulary is learned and how a text becomes ids.

To read in this order. `learn_merges` learns: it starts from bytes and joins, again and again, the two neighbours that
stand side by side most often. `merge_by_rank` applies what was learned: it joins the neighbours whose joined form was
learned first. Both are the plain versions, kept as the measure of what really runs: `merges.learn_merges` does the
same sums on arrays, and tiktoken's engine does the same joins. Tests hold each pair equal, `bench/tokenizer_speed.py`
times them.

Sennrich et al. 2016, arXiv 1508.07909, algorithm 1; on bytes: Radford et al. 2019 (GPT-2), section 2.2.
"""

import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise

import tiktoken

from llmlab.artifacts.errors import LabError
from llmlab.tokenizer import merges
from llmlab.tokenizer.base import TokenizerConfig, refuse_surrogates
from llmlab.tokenizer.cache import PieceCache
from llmlab.tokenizer.ranks import RankModel, read_model
from llmlab.tokenizer.special import special_tokens
from llmlab.tokenizer.splits import SPLITS, Splitter, pattern_of, splitter
from llmlab.tokenizer.vocabulary import Vocabulary

# Single bytes in the order of GPT-2's vocabulary: what prints in Latin-1 first, then the rest. The order decides ties
# between equal counts, so with it our merges are those of the HF library.
_PRINTS = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTE_ORDER = bytes([*_PRINTS, *(byte for byte in range(256) if byte not in _PRINTS)])
RANK_OF_BYTE = bytes(BYTE_ORDER.index(byte) for byte in range(256))
# The engine dies on some hundred thousand blanks in a row (its regular expressions keep a state for each), so a text
# with many is cut on our side. Found from a run's start only: any other way is quadratic.
_BLANKS = re.compile(r"(?<!\s)\s{1000}")

Pair = tuple[int, int]


def learn_merges(
    words: Sequence[Sequence[int]], counts: Sequence[int], sizes: Sequence[int], wanted: int, longest: int
) -> list[Pair]:
    """The pairs to join, in the order learned; the n-th makes the token `len(sizes) + n`.

    Counts are kept and corrected, never taken anew: joining a pair changes only the words that hold it. The heap may
    hold outdated counts; an entry counts only if it is still true when it comes up. Ties go to the smaller pair.

    Args:
        words: distinct pieces of text as ids.
        counts: how often each of them occurs.
        sizes: characters of each token that exists already; none longer than `longest` is made.
        wanted: how many pairs to learn; fewer when no pair is left that occurs twice.
    """
    spelt = [list(word) for word in words]
    length = list(sizes)
    totals: Counter[Pair] = Counter()
    holders: defaultdict[Pair, set[int]] = defaultdict(set)
    for number, word in enumerate(spelt):
        for pair in pairwise(word):
            totals[pair] += counts[number]
            holders[pair].add(number)
    heap = [(-total, pair) for pair, total in totals.items()]
    heapq.heapify(heap)
    learned: list[Pair] = []
    while heap and len(learned) < wanted:
        negative, pair = heapq.heappop(heap)
        if totals[pair] != -negative or -negative < 2 or length[pair[0]] + length[pair[1]] > longest:
            continue
        made = len(length)
        learned.append(pair)
        length.append(length[pair[0]] + length[pair[1]])
        changed: Counter[Pair] = Counter()
        for number in holders.pop(pair):
            for old in pairwise(spelt[number]):
                changed[old] -= counts[number]
            spelt[number] = join(spelt[number], pair, made)
            for new in pairwise(spelt[number]):
                changed[new] += counts[number]
                holders[new].add(number)
        totals.update(changed)
        for each, change in changed.items():
            if change:
                heapq.heappush(heap, (-totals[each], each))
    return learned


def join(word: Sequence[int], pair: Pair, made: int) -> list[int]:
    """A word with the pair joined wherever it stands, from the left: (1, 1) in 1 1 1 gives one join and a 1."""
    joined: list[int] = []
    for token in word:
        if joined and (joined[-1], token) == pair:
            joined[-1] = made
        else:
            joined.append(token)
    return joined


def merge_by_rank(piece: bytes, ranks: Mapping[bytes, int], limit: int | None = None) -> list[bytes]:
    """The tokens of a piece: of all neighbours, those whose joined form has the lowest rank are joined first.

    The list of ranks is enough, the pairs are not needed: of a token's bytes, only one pair can be what is left when
    all joins of lower rank are done. With a `limit`, only ranks below it are joined.
    """
    parts = [piece[place : place + 1] for place in range(len(piece))]
    never = len(ranks) if limit is None else limit
    while len(parts) > 1:
        found = [ranks.get(left + right, never) for left, right in pairwise(parts)]
        lowest = min(found)
        if lowest >= never:
            break
        place = found.index(lowest)
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return parts


def encode_plainly(text: str, ranks: Mapping[bytes, int], pieces: Splitter) -> list[int]:
    """What `BpeTokenizer.encode` must give, without its engine; a piece that is a token is that token."""
    whole = [piece.encode() for piece in pieces(text)]
    return [ranks[token] for piece in whole for token in ([piece] if piece in ranks else merge_by_rank(piece, ranks))]


class BpeTokenizer(Vocabulary):
    """See `base.Tokenizer`; an id is a rank, special tokens follow the ranks, and every byte is a token."""

    kind = "bpe"

    def __init__(self, model: bytes) -> None:
        """Load a model file (`ranks.RankModel`).

        Raises:
            LabError: the bytes are no such model.
        """
        self.model = read_model(model)
        super().__init__(self.model.tokens, self.model.special)
        self.ranks = {token: rank for rank, token in enumerate(self.model.tokens)}
        # In one go the engine cuts and joins. An own pattern might mean something else to it, so there it only joins.
        named = self.model.split in SPLITS
        self._native = _engine(pattern_of(self.model.split), self.ranks) if named else None
        self._pieces = splitter(self.model.split)

    @cached_property
    def _known(self) -> PieceCache[str]:
        return PieceCache(_engine(r"[\s\S]+", self.ranks).encode_ordinary)

    def encode(self, text: str) -> list[int]:
        """See `base.Tokenizer.encode`."""
        refuse_surrogates(text)
        if self._native is None or _BLANKS.search(text):
            return self._known.spell(self._pieces(text))
        return self._native.encode_ordinary(text)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` of each text."""
        return [self.encode(text) for text in texts]

    def model_bytes(self) -> bytes:
        """The model file."""
        return self.model.to_bytes()


def joiner(ranks: dict[bytes, int]) -> Callable[[bytes], list[int]]:
    """What spells a piece of bytes, UTF-8 or not, as `merge_by_rank` does, or whole where it is a token."""
    # The engine offers this to texts only, whose bytes are always UTF-8.
    return _engine(r"[\s\S]+", ranks)._encode_single_piece


def _engine(pattern: str, ranks: dict[bytes, int]) -> tiktoken.Encoding:
    return tiktoken.Encoding("llmlab", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})


def train_bpe(texts: Iterable[str], config: TokenizerConfig, languages: Sequence[str]) -> BpeTokenizer:
    """Learn a vocabulary of `config.vocab_size` from texts cut by `config.split`.

    Raises:
        LabError: no text at all, or too little for the vocabulary asked for.
    """
    special = special_tokens(languages, config.tools)
    counted = count_pieces(texts, splitter(config.split))
    tokens = learn_tokens(counted, config.vocab_size - len(special), config.max_piece_length)
    return BpeTokenizer(RankModel(split=config.split, tokens=tuple(tokens), special=tuple(special)).to_bytes())


def count_pieces(texts: Iterable[str], pieces: Splitter) -> Counter[str]:
    """How often each piece occurs.

    Raises:
        LabError: no text at all, or a lone surrogate in it.
    """
    counted: Counter[str] = Counter()
    for text in texts:
        refuse_surrogates(text)
        counted.update(pieces(text))
    if not counted:
        raise LabError(
            "there is no text to train a tokenizer on",
            "look at metrics/clean/ and metrics/split.json for where it went",
        )
    return counted


def learn_tokens(counted: Counter[str], wanted: int, longest: int) -> list[bytes]:
    """The 256 bytes and then what the pieces teach, in order; errors as `grow`."""
    words = [piece.encode().translate(RANK_OF_BYTE) for piece in counted]
    tokens = [bytes([byte]) for byte in BYTE_ORDER]
    grow(tokens, words, list(counted.values()), wanted, longest)
    return tokens


def grow(tokens: list[bytes], words: Sequence[Sequence[int]], counts: Sequence[int], wanted: int, longest: int) -> None:
    """Learn from `words` until there are `wanted` tokens, none of more than `longest` characters.

    Raises:
        LabError: no pair is left that occurs twice, or `wanted` is less than what there is.
    """
    extend(tokens, words, counts, wanted, longest)
    refuse_too_few(len(tokens), wanted, longest)


def extend(
    tokens: list[bytes], words: Sequence[Sequence[int]], counts: Sequence[int], wanted: int, longest: int
) -> None:
    """The same, but with as many tokens as the words support.

    Raises:
        LabError: `wanted` is less than what there is.
    """
    if wanted < len(tokens):
        raise LabError(
            f"a vocabulary that leaves {wanted} tokens beside the special ones does not hold the {len(tokens)} bytes",
            f"raise `tokenizer.vocab_size` by {len(tokens) - wanted} or more",
        )
    sizes = [characters_in(token) for token in tokens]
    for left, right in merges.learn_merges(words, counts, sizes, wanted - len(tokens), longest):
        tokens.append(tokens[left] + tokens[right])


def refuse_too_few(found: int, wanted: int, longest: int) -> None:
    """Refuse a vocabulary that has not become as large as asked for.

    Raises:
        LabError: it has not.
    """
    if found < wanted:
        raise LabError(
            f"the text supports {found} of the {wanted} tokens asked for beside the special ones: "
            f"no pair of at most {longest} characters is left that occurs twice",
            f"lower `tokenizer.vocab_size` by {wanted - found}, or train on more text",
        )


def characters_in(token: bytes) -> int:
    """How many characters begin in a token: its bytes without those that continue one."""
    return sum(byte & 0xC0 != 0x80 for byte in token)
